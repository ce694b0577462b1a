//! The compiler: `cc` finds it and its flags, as for a build script, and what it found is remembered.
//!
//! `cc` runs the compiler to know its kind. That is left out while every variable that it looks at and the program are the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Language, Level};
use crate::env;
use crate::error::{Error, Result};
use crate::fs::{self, Stamp};
use crate::tool::{self, Invocation};

/// The only target so far.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Variables that say which compiler is called, and how (documentation of `cc`, "External configuration via environment
/// variables"); each with and without the target behind it.
const PER_TARGET: [&str; 4] = ["CC", "CXX", "CFLAGS", "CXXFLAGS"];
const OTHER: [&str; 7] = [
    "CC_ENABLE_DEBUG_OUTPUT",
    "CC_FORCE_DISABLE",
    "CC_KNOWN_WRAPPER_CUSTOM",
    "CC_SHELL_ESCAPED_FLAGS",
    "CRATE_CC_NO_DEFAULTS",
    "PATH",
    "RUSTC_WRAPPER",
];

/// The names of all variables that are looked at, sorted.
#[must_use]
pub fn variables() -> Vec<String> {
    let underscored = TARGET.replace('-', "_");
    let per_target = PER_TARGET.iter().flat_map(|name| {
        [
            (*name).to_owned(),
            format!("HOST_{name}"),
            format!("TARGET_{name}"),
            format!("{name}_{TARGET}"),
            format!("{name}_{underscored}"),
        ]
    });
    let mut names: Vec<String> = per_target
        .chain(OTHER.iter().map(|name| (*name).to_owned()))
        .collect();
    names.sort();
    names
}

/// A compiler that was found, and what made it be found.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    variables: Vec<(String, Option<OsString>)>,
    word: String,
    program: PathBuf,
    stamp: Stamp,
    args: Vec<OsString>,
    env: BTreeMap<String, Option<OsString>>,
}

/// The compiler for a language and a level of optimisation, with the flags that `CC`, `CFLAGS` and the target ask for. What was
/// found is remembered in `folder`.
///
/// # Errors
/// When there is none.
pub(super) fn find(folder: &Path, language: Language, level: Level) -> Result<Invocation> {
    let record = folder.join(format!(".{}-{}.compiler", language.word(), level.word()));
    let variables: Vec<_> = variables()
        .into_iter()
        .map(|name| (name.clone(), env::get(&name)))
        .collect();
    if let Some(found) = remembered(&record, &variables) {
        return Ok(invocation(found));
    }
    let found = look(folder, language, level, variables)?;
    let text = serde_json::to_vec(&found)
        .map_err(|error| Error::internal(format!("a compiler's record: {error}")))?;
    fs::write_bytes(&record, &text)?;
    Ok(invocation(found))
}

fn invocation(found: Found) -> Invocation {
    let mut invocation = Invocation::new(found.program).args(found.args);
    invocation.env = found.env;
    invocation
}

fn remembered(record: &Path, variables: &[(String, Option<OsString>)]) -> Option<Found> {
    let found: Found = serde_json::from_slice(&fs::read(record).ok()?).ok()?;
    let program = tool::find(&found.word).ok()?;
    let same = found.variables == variables
        && found.program == program
        && fs::stamp(&program).ok()? == found.stamp;
    same.then_some(found)
}

fn look(
    folder: &Path,
    language: Language,
    level: Level,
    variables: Vec<(String, Option<OsString>)>,
) -> Result<Found> {
    let mut build = cc::Build::new();
    build
        .target(TARGET)
        .host(TARGET)
        .out_dir(folder)
        .opt_level_str(level.word())
        .debug(true)
        .pic(true)
        .cpp(language == Language::Cpp)
        // Which warnings there are is the user's choice.
        .warnings(false)
        .cargo_metadata(false)
        .cargo_warnings(false)
        .cargo_debug(false)
        .cargo_output(false);
    let found = build
        .try_get_compiler()
        .map_err(|error| Error::missing_tool(format!("no C compiler is usable: {error}")))?;
    // `cc` names a compiler that need not be there.
    let word = found.path().to_string_lossy().into_owned();
    let program = tool::find(&word)?;
    let mut args = found.args().to_vec();
    // `cc` takes it for an old GCC's; one that the user's variables ask for is not ours to change.
    let asked = variables
        .iter()
        .filter_map(|(_, value)| value.as_ref()?.to_str());
    if level == Level::Smallest && !asked.into_iter().any(|value| value.contains("-Os")) {
        let small = args.iter_mut().filter(|arg| *arg == "-Os");
        if build.is_flag_supported("-Oz").unwrap_or(false) {
            small.for_each(|arg| *arg = "-Oz".into());
        }
    }
    Ok(Found {
        variables,
        word,
        stamp: fs::stamp(&program)?,
        program,
        args,
        env: found
            .get_envs()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), Some(value.to_owned())))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_alone_is_asked_for_where_the_compiler_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let check = |level, flag: &str| {
            let compiler = find(folder.path(), Language::C, level).unwrap();
            assert!(compiler.args.contains(&flag.into()), "{compiler}");
        };
        let knows = Invocation::new("cc").args(["-Oz", "-E", "-x", "c", "/dev/null"]);
        let knows = knows.run_captured(None).unwrap().status.success();
        check(Level::Smallest, if knows { "-Oz" } else { "-Os" });
        check(Level::Small, "-Os");
        check(Level::All, "-O3");
    }
}
