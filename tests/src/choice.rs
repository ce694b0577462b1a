//! Which cases of the full tier are run: all, a shard, or those that are named.

/// What the command line asks for.
pub struct Choice {
    /// Whether the cases are listed and not run.
    pub only_list: bool,
    names: Vec<String>,
}

impl Choice {
    /// Reads the command line; `all` are the names of all cases, sorted.
    ///
    /// Shard N of M takes the Nth name and every Mth behind it: each case is in one shard, and they differ by one at most.
    ///
    /// # Errors
    /// When the words mean nothing, in a sentence.
    pub fn parse(words: &[String], all: &[&str]) -> Result<Self, String> {
        let mut only_list = false;
        let mut shard = (1, 1);
        let mut named = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => only_list = true,
                "--shard" => {
                    let value = words.next().ok_or("`--shard` wants N/M")?;
                    shard = parse_shard(value)
                        .ok_or_else(|| format!("`{value}` is no shard: N/M, N from 1 to M"))?;
                }
                flag if flag.starts_with('-') => return Err(format!("unknown flag `{flag}`")),
                name if all.contains(&name) => named.push(name),
                name => return Err(format!("there is no case `{name}`: {}", all.join(", "))),
            }
        }
        let (number, total) = shard;
        let mine = all.iter().skip(number - 1).step_by(total);
        let names = mine
            .filter(|name| named.is_empty() || named.contains(name))
            .map(|name| (*name).to_owned());
        Ok(Self {
            only_list,
            names: names.collect(),
        })
    }

    /// Whether the case with this name is chosen.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        self.names.iter().any(|chosen| chosen == name)
    }
}

/// `2/3` as (2, 3).
fn parse_shard(text: &str) -> Option<(usize, usize)> {
    let (number, total) = text.split_once('/')?;
    let (number, total) = (number.parse().ok()?, total.parse().ok()?);
    (1..=total).contains(&number).then_some((number, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn check(words: &str, expected: Result<&str, &str>) {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let chosen = Choice::parse(&words, &ALL).map(|choice| {
            let taken = ALL.into_iter().filter(|name| choice.takes(name));
            taken.collect::<String>()
        });
        match (&chosen, expected) {
            (Err(problem), Err(expected)) => assert!(problem.contains(expected), "{problem}"),
            (chosen, expected) => assert_eq!(chosen.as_deref().ok(), expected.ok(), "{words:?}"),
        }
    }

    #[test]
    fn shards_share_all_cases_out() {
        check("", Ok("abcde"));
        check("--shard 1/1", Ok("abcde"));
        check("--shard 1/2", Ok("ace"));
        check("--shard 2/2", Ok("bd"));
        check("--shard 3/3", Ok("c"));
        check("--shard 1/9", Ok("a"));
        check("--shard 9/9", Ok(""));
        check("b e", Ok("be"));
        check("--list --shard 2/2 b", Ok("b"));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        check("--shard 0/2", Err("`0/2` is no shard"));
        check("--shard 3/2", Err("`3/2` is no shard"));
        check("--shard two", Err("`two` is no shard"));
        check("--shard", Err("wants N/M"));
        check("--fast", Err("unknown flag `--fast`"));
        check("z", Err("there is no case `z`: a, b"));
    }
}
