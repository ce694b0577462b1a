//! Jobs and answers as JSON: which keys there are, and what is refused.
//!
//! A job says what shall be done: a key that the tool does not know would be left undone, so it is an error. An answer may tell
//! more than its reader wants to know.

use serde_json::Value;

use super::{Answer, Built, Compiler, Failed, Job};
use crate::error::Error;
use crate::json::{self, Json, Place, object};

object!(Job {
    version,
    name,
    folder,
    out,
    compiler,
    sources,
    include,
    define,
    flags,
    libs,
    kernel,
    link,
    formats,
    args,
    env,
    files,
});

object!(Compiler { target, opt_level });

object!(Built {
    images,
    program,
    inputs,
    variables,
    warnings,
    ..
});

object!(Failed {
    message,
    hint,
    inputs,
    variables,
    ..
});

/// What every job has, of whatever version.
struct Versioned {
    version: u32,
}

object!(Versioned { version, .. });

/// The version of the job that a text holds, whatever else it holds.
///
/// # Errors
/// When it is no JSON, or has no version.
pub fn version(text: &[u8]) -> Result<u32, Error> {
    json::from_text(text, "job").map(|Versioned { version }| version)
}

impl Job {
    /// The job as JSON.
    ///
    /// # Errors
    /// When a path is not valid UTF-8.
    pub fn to_text(&self) -> Result<String, Error> {
        json::to_text(self, "job")
    }

    /// The job that a text holds. Look at its [`version`] before.
    ///
    /// # Errors
    /// When it is no JSON, lacks a key, has one that is unknown, or a value of another type; told by its place in the job.
    pub fn from_text(text: &[u8]) -> Result<Self, Error> {
        json::from_text(text, "job")
    }
}

impl Answer {
    /// The answer as JSON.
    ///
    /// # Errors
    /// When a path is not valid UTF-8.
    pub fn to_text(&self) -> Result<String, Error> {
        json::to_text(self, "answer")
    }

    /// The answer that a text holds.
    ///
    /// # Errors
    /// As [`Job::from_text`]; keys that are unknown are passed over.
    pub fn from_text(text: &[u8]) -> Result<Self, Error> {
        json::from_text(text, "answer")
    }
}

impl Json for Answer {
    fn write(&self, place: Place<'_>) -> Result<Value, Error> {
        let (key, value) = match self {
            Self::Built(built) => ("built", built.write(Place::Key(&place, "built"))?),
            Self::Failed(failed) => ("failed", failed.write(Place::Key(&place, "failed"))?),
        };
        Ok([(key, value)].into_iter().collect())
    }

    fn read(value: Value, place: Place<'_>) -> Result<Self, Error> {
        let mut keys = json::opened(value, place)?;
        if keys.contains_key("built") == keys.contains_key("failed") {
            return Err(Error::new(format!(
                "`{place}` has not one of the keys `built` and `failed`"
            )));
        }
        if keys.contains_key("built") {
            json::take(&mut keys, "built", place).map(Self::Built)
        } else {
            json::take(&mut keys, "failed", place).map(Self::Failed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::*;

    /// A job with a value below each of its keys, as version 1 has it.
    const JOB: &str = r#"{
        "version": 1, "name": "hello", "folder": "/package", "out": "/out/unikernel",
        "compiler": {"target": "x86_64-unknown-linux-gnu", "opt_level": "3"},
        "sources": ["src/hello.c", "src/it.c"], "include": ["include"],
        "define": {"A": null, "B": "\"1\""}, "flags": ["-Wall"], "libs": ["m"],
        "kernel": null, "link": "pie", "formats": ["elf"], "args": ["-v"],
        "env": {"LANG": "C"}, "files": {"/etc/motd": "motd"}
    }"#;

    /// The job with `from` in its text replaced by `to`, once.
    fn changed(from: &str, to: &str) -> Result<Job, Error> {
        assert_eq!(JOB.matches(from).count(), 1, "{from}");
        Job::from_text(JOB.replace(from, to).as_bytes())
    }

    fn check_error(from: &str, to: &str, expected: &str) {
        let error = changed(from, to).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn jobs_are_read_as_they_were_written() {
        let job = Job::from_text(JOB.as_bytes()).unwrap();
        assert_eq!(job.define["B"].as_deref(), Some("\"1\""));
        assert_eq!(job.define["A"], None);
        assert_eq!(job.kernel, None);
        assert_eq!(job.sources[1], Path::new("src/it.c"));
        let text = job.to_text().unwrap();
        assert_eq!(Job::from_text(text.as_bytes()).unwrap(), job);
        let [written, expected]: [Value; 2] =
            [text.as_str(), JOB].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(written, expected);
    }

    #[test]
    fn only_what_may_be_absent_may_be_missing() {
        let job = changed(r#""kernel": null, "link": "pie","#, "").unwrap();
        assert_eq!((job.kernel, job.link), (None, None));
        check_error(r#""args": ["-v"],"#, "", "`job.args` is missing");
        check_error(
            r#", "opt_level": "3""#,
            "",
            "`job.compiler.opt_level` is missing",
        );
    }

    #[test]
    fn unknown_keys_are_refused_and_told_what_is_known() {
        check_error(
            r#""opt_level": "3""#,
            r#""opt_level": "3", "lto": true"#,
            "`job.compiler.lto` is unknown: the keys of `job.compiler` are `target`, `opt_level`",
        );
        check_error(r#""args""#, r#""arguments""#, "`job.arguments` is unknown");
    }

    #[test]
    fn values_of_another_type_are_told_by_their_place() {
        check_error(
            r#""src/it.c""#,
            "7",
            "`job.sources[1]` is a number instead of a string",
        );
        check_error(
            r#""C""#,
            "[]",
            "`job.env[\"LANG\"]` is a list instead of a string",
        );
        check_error(
            r#""pie""#,
            "true",
            "`job.link` is a boolean instead of a string",
        );
        check_error(r#"["m"]"#, "null", "`job.libs` is null instead of a list");
        check_error(
            r#"{"LANG": "C"}"#,
            r#""LANG=C""#,
            "`job.env` is a string instead of an object",
        );
        check_error(
            r#""version": 1"#,
            r#""version": 1.5"#,
            "`job.version` is 1.5 instead of a whole number up to 4294967295",
        );
        check_error(
            r#""version": 1"#,
            r#""version": "1""#,
            "`job.version` is a string instead of a number",
        );
    }

    #[test]
    fn what_is_no_json_is_told_by_line() {
        let error = Job::from_text(b"{\n\"version\" 1").unwrap_err().to_string();
        assert!(
            error.contains("`job` is no JSON") && error.contains("line 2"),
            "{error}"
        );
        let error = Answer::from_text(b"").unwrap_err().to_string();
        assert!(error.contains("`answer` is no JSON"), "{error}");
        let error = Job::from_text(b"[1]").unwrap_err().to_string();
        assert_eq!(error, "`job` is a list instead of an object");
    }

    #[test]
    fn version_is_read_whatever_else_is_there() {
        assert_eq!(version(br#"{"version": 7, "wishes": []}"#).unwrap(), 7);
        let error = version(b"{}").unwrap_err().to_string();
        assert_eq!(error, "`job.version` is missing");
    }

    #[test]
    fn paths_that_json_can_not_hold_are_told() {
        let mut job = Job::from_text(JOB.as_bytes()).unwrap();
        job.include.push(OsStr::from_bytes(b"/caf\xe9").into());
        let error = job.to_text().unwrap_err().to_string();
        assert_eq!(
            error,
            "`job.include[1]`, `/caf\u{fffd}`, is not valid UTF-8"
        );
    }

    #[test]
    fn answers_are_told_apart_by_their_key() {
        let failed = Answer::Failed(Failed {
            message: "compiling `a.c`: no such file".to_owned(),
            hint: None,
            inputs: vec!["a.c".into()],
            variables: vec!["CC".to_owned()],
        });
        let built = Answer::Built(Built {
            images: vec!["/out/hello.elf".into()],
            program: "/out/hello".into(),
            warnings: vec!["[UK012] it is so".to_owned()],
            ..Built::default()
        });
        for (answer, start) in [(failed, r#"{"failed":{"#), (built, r#"{"built":{"#)] {
            let text = answer.to_text().unwrap();
            assert!(text.starts_with(start), "{text}");
            assert_eq!(Answer::from_text(text.as_bytes()).unwrap(), answer);
        }
        let error = Answer::from_text(b"{\"bulit\": {}}")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "`answer` has not one of the keys `built` and `failed`"
        );
    }

    #[test]
    fn answers_may_tell_more_than_is_known() {
        let text = br#"{"failed": {"message": "no", "inputs": [], "variables": [], "since": 2}}"#;
        let Answer::Failed(failed) = Answer::from_text(text).unwrap() else {
            panic!("it failed");
        };
        assert_eq!((failed.message.as_str(), failed.hint), ("no", None));
    }
}
