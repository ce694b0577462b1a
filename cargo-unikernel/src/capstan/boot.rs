//! OSv's command line: options for the kernel, then a program with its arguments, perhaps more programs.
//!
//! `[--OPTION[=VALUE] ...] PROGRAM [ARG ...] [; PROGRAM ...]`. In options a backslash keeps a space. In the command double quotes
//! keep blanks and separators, backslashes escape as in C, and a bare `;`, `&` or `!` ends it.

/// A command line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Boot {
    /// Options without their dashes, in order.
    pub(super) options: Vec<(String, Option<String>)>,
    /// Program and arguments; empty when there are only options.
    pub(super) words: Vec<String>,
    /// Whether a quote is never closed.
    pub(super) is_open: bool,
    /// What follows the first command, from its separator on.
    pub(super) rest: Option<String>,
}

/// Takes a command line apart.
pub(super) fn parse(line: &str) -> Boot {
    let mut boot = Boot::default();
    let mut rest = line.trim_start();
    while let Some(option) = rest.strip_prefix("--") {
        let (word, behind) = option_word(option);
        rest = behind.trim_start();
        boot.options.push(match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        });
    }
    let mut words = Words::default();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => words.quote(),
            '\\' => words.push(escaped(letters.next().map(|(_, letter)| letter))),
            letter if words.is_quoted => words.push(letter),
            ';' | '&' | '!' => {
                boot.rest = Some(rest[at..].trim_end().to_owned());
                break;
            }
            letter if letter.is_whitespace() => words.end(),
            letter => words.push(letter),
        }
    }
    words.end();
    boot.is_open = words.is_quoted;
    boot.words = words.done;
    // A separator with nothing behind it ends the only command.
    boot.rest = boot
        .rest
        .filter(|rest| rest.contains(|c: char| !c.is_whitespace() && !";&!".contains(c)));
    boot
}

/// A word of the options, and what is behind it.
fn option_word(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if letters.peek().is_some_and(|(_, next)| *next == ' ') => {
                letters.next();
                word.push(' ');
            }
            letter if letter.is_whitespace() => return (word, &text[at..]),
            letter => word.push(letter),
        }
    }
    (word, "")
}

/// What stands behind a backslash.
fn escaped(letter: Option<char>) -> char {
    match letter {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some(letter) => letter,
        None => '\\',
    }
}

#[derive(Default)]
struct Words {
    done: Vec<String>,
    /// The word that is not at its end; quotes begin one that may be empty.
    word: Option<String>,
    is_quoted: bool,
}

impl Words {
    fn push(&mut self, letter: char) {
        self.word.get_or_insert_default().push(letter);
    }

    fn quote(&mut self) {
        self.word.get_or_insert_default();
        self.is_quoted = !self.is_quoted;
    }

    fn end(&mut self) {
        self.done.extend(self.word.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, options: &[(&str, Option<&str>)], words: &[&str], rest: Option<&str>) {
        let boot = parse(line);
        let found: Vec<_> = boot
            .options
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        assert_eq!(found, options, "{line}");
        assert_eq!(boot.words, words, "{line}");
        assert_eq!(boot.rest.as_deref(), rest, "{line}");
    }

    #[test]
    fn options_come_before_the_command() {
        check("/a.so -s --long", &[], &["/a.so", "-s", "--long"], None);
        check(
            "--verbose --env=A=b\\ c  /a.so\n x",
            &[("verbose", None), ("env", Some("A=b c"))],
            &["/a.so", "x"],
            None,
        );
        check("--nopci", &[("nopci", None)], &[], None);
        check("", &[], &[], None);
    }

    #[test]
    fn quotes_keep_what_would_end_a_word_or_command() {
        check(
            r#"/a "b c;d" e\"f """#,
            &[],
            &["/a", "b c;d", "e\"f", ""],
            None,
        );
        check(r#"/a -Dx="y z""#, &[], &["/a", "-Dx=y z"], None);
        check("/a b\\tc", &[], &["/a", "b\tc"], None);
    }

    #[test]
    fn quote_that_is_not_closed_is_told() {
        assert!(parse("/a \"b c").is_open);
        assert!(!parse("/a \"b c\" \\\"").is_open);
    }

    #[test]
    fn further_commands_are_told_apart() {
        check("/a b; /c", &[], &["/a", "b"], Some("; /c"));
        check("/a &! /c", &[], &["/a"], Some("&! /c"));
        check("/a b;", &[], &["/a", "b"], None);
        check("/a!b", &[], &["/a"], Some("!b"));
    }
}
