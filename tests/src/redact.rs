//! What varies from run to run, replaced by words, so that the rest can be compared.

/// The text with every number that a unit of time or size follows, and every absolute path, replaced.
#[must_use]
pub fn redact(text: &str) -> String {
    text.lines().map(|line| redact_line(line) + "\n").collect()
}

fn redact_line(line: &str) -> String {
    let words: Vec<String> = line
        .split_inclusive(' ')
        .map(|word| {
            let (plain, blank) = word
                .strip_suffix(' ')
                .map_or((word, ""), |plain| (plain, " "));
            redact_word(plain) + blank
        })
        .collect();
    words.concat()
}

fn redact_word(word: &str) -> String {
    let digits = word.trim_start_matches(['(', '[']);
    let lead = &word[..word.len() - digits.len()];
    if digits.starts_with('/') && digits.len() > 1 && digits[1..].contains('/') {
        let name = digits.rsplit('/').next().unwrap_or("");
        return format!("{lead}[..]/{name}");
    }
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = digits.len() - unit.len();
    let plain_unit = unit.trim_end_matches([',', ')', ';', ']', '.']);
    let varies = ["s", "ms", "KB", "MB", "KiB", "MiB", "%"].contains(&plain_unit);
    if number > 0 && varies {
        return format!("{lead}[..]{unit}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::redact;

    fn check(input: &str, expected: &str) {
        assert_eq!(redact(input), format!("{expected}\n"));
    }

    #[test]
    fn times_and_sizes_vary() {
        check(
            "done in 0.31s, 512KB (12ms)",
            "done in [..]s, [..]KB ([..]ms)",
        );
        check("line 12 stays, 3 sheep too", "line 12 stays, 3 sheep too");
    }

    #[test]
    fn absolute_paths_keep_their_name() {
        check("wrote /a/b/hello.elf now", "wrote [..]/hello.elf now");
        check("at /hello", "at /hello");
    }
}
