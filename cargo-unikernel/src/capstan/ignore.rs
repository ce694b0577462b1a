//! `.capstanignore`: which of a package's own files stay out of the image.

/// What Capstan itself leaves out, and what we write.
const ALWAYS: [&str; 7] = [
    "meta",
    "mpm-pkg",
    ".git",
    ".capstanignore",
    ".gitignore",
    "volumes",
    "target",
];

/// A line that leaves out less than it says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PassedOver {
    /// The number of the line.
    pub(super) line: usize,
    pub(super) pattern: String,
    pub(super) why: Why,
}

/// Why a pattern leaves out less than it says. Capstan makes an expression of it that has to fit the whole path, from its first
/// `/` on; a pattern that can't, leaves out nothing there either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It reaches below the top of the package.
    Deep,
    /// It does not begin with `/`.
    NoSlash,
    /// It begins with `!`.
    Bang,
    /// It ends with `/`.
    EndsWithSlash,
}

impl Why {
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Deep => "what lies deeper in a folder can't be left out",
            Self::NoSlash => {
                "a pattern begins with `/`: this one leaves out nothing, as in Capstan"
            }
            Self::Bang => "`!` brings nothing back, as in Capstan, which does not know it",
            Self::EndsWithSlash => "no path ends with `/`: this leaves out nothing, as in Capstan",
        }
    }

    pub(super) fn help(self) -> &'static str {
        match self {
            Self::Deep => "name the files that are wanted one by one in [files]",
            Self::NoSlash => {
                "at the top of the package, take the files that match out of [files] yourself"
            }
            Self::Bang => "take out of [files] what is not wanted, and put in what is",
            Self::EndsWithSlash => "take the folder out of [files] if it is not wanted",
        }
    }
}

/// What lies at the top of a package, without what the patterns name; and the patterns that leave out less than they say.
pub(super) fn kept(names: Vec<String>, patterns: &str) -> (Vec<String>, Vec<PassedOver>) {
    let mut kept: Vec<String> = names
        .into_iter()
        .filter(|name| !ALWAYS.contains(&name.as_str()))
        .collect();
    let mut passed_over = Vec::new();
    for (index, line) in patterns.lines().enumerate() {
        let pattern = line.trim();
        if pattern.is_empty() || pattern.starts_with('#') {
            continue;
        }
        // `/**/x` also names what lies at the top, and `/x/*` all that is in a folder.
        let top = pattern.strip_prefix("/**/").or(pattern.strip_prefix('/'));
        let whole = |top: &str| top.strip_suffix("/*").unwrap_or(top).to_owned();
        let top = top.map(whole);
        let is_at_top = top.as_ref().is_some_and(|top| !top.contains('/'));
        if let Some(top) = top.filter(|_| is_at_top) {
            kept.retain(|name| !matches(&top, name));
        }
        let why = if pattern.starts_with('!') {
            Why::Bang
        } else if !pattern.starts_with('/') {
            Why::NoSlash
        } else if pattern.len() > 1 && pattern.ends_with('/') {
            Why::EndsWithSlash
        } else if pattern.starts_with("/**/") || !is_at_top {
            Why::Deep
        } else {
            continue;
        };
        passed_over.push(PassedOver {
            line: index + 1,
            pattern: pattern.to_owned(),
            why,
        });
    }
    (kept, passed_over)
}

/// Whether a name fits a pattern, in which `*` stands for any letters.
fn matches(pattern: &str, name: &str) -> bool {
    crate::closure::matches(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_leave_out_what_lies_at_the_top() {
        let check = |patterns: &str, expected: &[&str], told: &[(usize, Why)]| {
            let names = ["a.txt", "b.so", "meta", "notes", "src"].map(str::to_owned);
            let (kept, found) = kept(names.to_vec(), patterns);
            assert_eq!(kept, expected, "{patterns}");
            let found: Vec<_> = found.iter().map(|it| (it.line, it.why)).collect();
            assert_eq!(found, told, "{patterns}");
        };
        let all = ["a.txt", "b.so", "notes", "src"];
        check("", &all, &[]);
        check("# all\n/*.txt\n\n/src", &["b.so", "notes"], &[]);
        check("/src/*", &["a.txt", "b.so", "notes"], &[]);
        check("/src/*.o", &all, &[(1, Why::Deep)]);
        check("/src/**/x", &all, &[(1, Why::Deep)]);
        check("/**/*.txt", &["b.so", "notes", "src"], &[(1, Why::Deep)]);
        check("*.so\n!notes", &all, &[(1, Why::NoSlash), (2, Why::Bang)]);
        check("/src/", &all, &[(1, Why::EndsWithSlash)]);
        check("/*", &[], &[]);
    }
}
