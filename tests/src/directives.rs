//! What a guest says about itself in its first comment lines.
//!
//! A line `//@ KEY: VALUE`; the keys are those of [`Directives::parse`]. Paths are relative to the root folder: the guest's
//! working folder in the unikernel, and a temporary folder natively. There is always an empty `tmp` in it.

/// How a guest is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A position-independent executable with an interpreter.
    Pie,
    /// A position-independent executable without one.
    StaticPie,
    /// A C program as a shared object that exports `main`.
    Shared,
    /// A Rust library of type `cdylib` that exports `main`.
    Cdylib,
}

impl Form {
    const ALL: [Self; 4] = [Self::Pie, Self::StaticPie, Self::Shared, Self::Cdylib];

    /// The form's word in a directive.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pie => "pie",
            Self::StaticPie => "static-pie",
            Self::Shared => "shared",
            Self::Cdylib => "cdylib",
        }
    }

    /// The form with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.word() == word)
    }
}

/// Everything that a guest says about itself.
#[derive(Debug, Clone, Default)]
pub struct Directives {
    /// The arguments of each run; one run without arguments when the guest says nothing.
    pub runs: Vec<Vec<String>>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Files of the root folder.
    pub files: Vec<(String, String)>,
    /// Symbolic links of the root folder and their targets.
    pub links: Vec<(String, String)>,
    /// Sources of the workspace that are modules of it.
    pub modules: Vec<String>,
    /// Standard input.
    pub stdin: Vec<u8>,
    /// The forms in which it is built.
    pub forms: Vec<Form>,
    /// Libraries to link beside libc.
    pub libs: Vec<String>,
    /// Memory of its machine, where it is not the tool's default.
    pub memory: Option<String>,
    /// Whether it cannot run on Linux with the same result; then `stdout` and status 0 are expected.
    pub not_native: bool,
    /// Whether Linux gives the same result to root only; by others it is not compared with Linux.
    pub needs_root: bool,
    /// What it prints, when it is not run natively.
    pub stdout: String,
    /// Texts that stderr must hold beyond what the program itself writes there.
    pub stderr_has: Vec<String>,
    /// Whether what it writes to stderr is compared.
    pub compare_stderr: bool,
}

impl Directives {
    /// Reads the directives of the guest with this file name.
    ///
    /// # Errors
    /// A directive that does not exist or is malformed, in words.
    pub fn parse(name: &str, source: &str) -> Result<Self, String> {
        let mut found = Self {
            compare_stderr: true,
            ..Self::default()
        };
        for line in source.lines() {
            if let Some(directive) = line.strip_prefix("//@ ") {
                found
                    .add(directive)
                    .map_err(|problem| format!("`{directive}`: {problem}"))?;
            }
        }
        if found.runs.is_empty() {
            found.runs.push(Vec::new());
        }
        if found.forms.is_empty() {
            found.forms = if name.ends_with(".c") {
                vec![Form::Pie, Form::StaticPie, Form::Shared]
            } else {
                vec![Form::Pie]
            };
        }
        Ok(found)
    }

    fn add(&mut self, directive: &str) -> Result<(), String> {
        let (key, value) = directive.split_once(':').ok_or("no `:`")?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match key {
            "args" => self.runs.push(words(value)?),
            "env" => self.env.push(pair(value)?),
            "file" => {
                let (path, content) = pair(value)?;
                self.files.push((path, unescape(&content)?));
            }
            "link" => self.links.push(pair(value)?),
            "module" => self.modules.push(value.to_owned()),
            "stdin" => self.stdin = unescape(value)?.into_bytes(),
            "stdin-size" => {
                let size: usize = value.parse().map_err(|_| "no number")?;
                self.stdin = (0..size).map(|i| (i * 7 + i / 251) as u8).collect();
            }
            "forms" => {
                for word in value.split_whitespace() {
                    self.forms
                        .push(Form::from_word(word).ok_or_else(|| format!("no form `{word}`"))?);
                }
            }
            "libs" => self.libs = words(value)?,
            "memory" => self.memory = Some(value.to_owned()),
            "native" if value == "no" => self.not_native = true,
            "native" if value == "root" => self.needs_root = true,
            "stdout" => self.stdout.push_str(&unescape(value)?),
            "stderr-has" => self.stderr_has.push(value.to_owned()),
            "compare" if value == "stdout status" => self.compare_stderr = false,
            _ => return Err(format!("no directive `{key}` with such a value")),
        }
        Ok(())
    }
}

fn pair(value: &str) -> Result<(String, String), String> {
    let (name, rest) = value.split_once('=').ok_or("no `=`")?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    Ok((name.trim().to_owned(), rest.to_owned()))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('\\') => '\\',
                other => return Err(format!("no escape {other:?}")),
            },
            other => other,
        });
    }
    Ok(plain)
}

/// Words as a shell splits them: blanks separate, quotes of either kind keep together.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match (character, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_by_a_shell() {
        let expected = ["a", "", "b c", "its"].map(str::to_owned);
        assert_eq!(words("a \"\"  'b c' 'it''s'").as_deref(), Ok(&expected[..]));
        assert!(words("'open").is_err());
    }

    #[test]
    fn unknown_directive_is_refused() {
        assert!(Directives::parse("x.c", "//@ colour: red\n").is_err());
        assert!(Directives::parse("x.c", "//@ forms: round\n").is_err());
    }

    #[test]
    fn c_guests_have_three_forms() {
        let found = Directives::parse("x.c", "// Nothing.\n").unwrap();
        assert_eq!(found.forms, [Form::Pie, Form::StaticPie, Form::Shared]);
        assert_eq!(found.runs, [Vec::<String>::new()]);
    }
}
