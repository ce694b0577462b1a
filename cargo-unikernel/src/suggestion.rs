//! What was probably meant.

/// ``did you mean `X`?``, or all there is to choose from.
#[must_use]
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .min_by_key(|candidate| distance(word, candidate));
    match nearest {
        Some(nearest) if is_slip(word, nearest) => format!("did you mean `{nearest}`?"),
        _ => {
            let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("known here: {}", all.join(", "))
        }
    }
}

/// Whether a word is probably a slip for another one; large and small letters don't count.
#[must_use]
pub fn is_slip(word: &str, meant: &str) -> bool {
    distance(word, meant) <= 1 + word.len() / 4
}

fn distance(word: &str, other: &str) -> usize {
    strsim::damerau_levenshtein(&word.to_lowercase(), &other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_and_other_words_are_not() {
        let check = |word, expected| {
            let found = did_you_mean(word, &["cmdline", "base"]);
            assert_eq!(found, expected, "{word}");
        };
        for word in ["cmdlnie", "CmdLine", "CMDLINE", "cmd-line"] {
            check(word, "did you mean `cmdline`?");
        }
        check("bsae", "did you mean `base`?");
        check("kernel", "known here: `cmdline`, `base`");
    }
}
