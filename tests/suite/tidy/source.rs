//! Rust text without its comments and literals, so that a word in prose is not taken for code.

/// The code of a source: comments and the insides of string literals are blanked, lines are kept.
pub(super) fn code(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(len) = raw_string(rest) {
            len
        } else if first == '"' {
            string(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (skipped, behind) = rest.split_at(len);
        plain.extend(skipped.chars().filter(|c| *c == '\n'));
        plain.push(' ');
        rest = behind;
    }
    plain
}

/// The length of the raw string literal that starts here.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?;
    let marks = hashes.len() - hashes.trim_start_matches('#').len();
    let body = hashes[marks..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(marks));
    let end = body.find(&close)?;
    Some(1 + marks + 1 + end + close.len())
}

/// The length of the string literal that starts here.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether the code has this word, as a word of its own; `::` may be part of it.
pub(super) fn has_word(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(start, _)| {
        let before = code[..start].chars().next_back();
        let behind = code[start + word.len()..].chars().next();
        !before.is_some_and(is_part) && !behind.is_some_and(is_part)
    })
}

/// The code of a source without its `#[cfg(test)]` module, which by custom comes last.
pub(super) fn without_tests(code: &str) -> &str {
    code.split("#[cfg(test)]\nmod tests").next().unwrap_or(code)
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "a // unsafe\nb \"unsafe \\\" fs\" c /* unsafe */ r#\"unsafe \" \"# d '\"' e";
    assert!(!has_word(&code(text), "unsafe"));
    for word in ["a", "b", "c", "d", "e"] {
        assert!(has_word(&code(text), word), "{word}");
    }
    assert!(!has_word("forbid(unsafe_code)", "unsafe"));
}
