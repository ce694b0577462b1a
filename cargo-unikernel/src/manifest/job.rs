//! What a build script asks for, as a project. Its keys count as those of a manifest do: the environment counts over them.

use std::collections::BTreeMap;

use unikernel_build::job::{Job, variable};

use super::locate::c_link;
use super::raw::{File, GuestPath, Image, Raw};
use super::words::check_name;
use super::{Project, Request, did_you_mean, resolve};
use crate::error::{Error, Result};
use crate::program::{self, Link, c};

/// The only target so far.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The variables of ours that say what a build makes.
pub const VARIABLES: [&str; 7] = [
    "UNIKERNEL_CPUS",
    "UNIKERNEL_FORMAT",
    "UNIKERNEL_KERNEL",
    "UNIKERNEL_KERNEL_FILE",
    "UNIKERNEL_LINK",
    "UNIKERNEL_MEMORY",
    "UNIKERNEL_SYSROOT",
];

/// Further variables of ours: no image may be called so that its own would be one of them.
const RESERVED: [&str; 6] = [
    "UNIKERNEL_ACCEL",
    "UNIKERNEL_LAYOUT_SEED",
    "UNIKERNEL_MIRROR",
    "UNIKERNEL_NAME",
    "UNIKERNEL_STORE",
    "UNIKERNEL_VMM",
];

impl Project {
    /// The project of a job, which writes to the job's folder only.
    ///
    /// # Errors
    /// When the job names no source, another target, a name, path or kind of link that means nothing.
    pub fn of_job(job: &Job) -> Result<Self> {
        check(job)?;
        let environment = resolve::environment()?;
        let raw = raw(job)?;
        let link = environment.link.or(raw.link).unwrap_or_default();
        let word = &job.compiler.opt_level;
        let level = c::Level::from_word(word)
            .ok_or_else(|| Error::input(format!("there is no level of optimisation `{word}`")))?;
        let link = c_link(
            link,
            [None, environment.kernel.as_ref(), raw.kernel.as_ref()],
        )?;
        // The script's own code goes by the name: no variable changes it.
        let overrides = Raw {
            name: Some(job.name.clone()),
            ..Raw::default()
        };
        Ok(Self {
            program: program::Settings::C(settings(job, link, level)),
            request: Request {
                overrides,
                ..Request::default()
            },
            environment,
            layers: BTreeMap::from([(None, raw)]),
        })
    }
}

fn check(job: &Job) -> Result<()> {
    check_name(&job.name).map_err(Error::input)?;
    if job.sources.is_empty() {
        return Err(
            Error::input(format!("the image `{}` has no source file", job.name))
                .hint("name one: unikernel_build::Build::new().file(\"src/hello.c\")"),
        );
    }
    if job.compiler.target != TARGET {
        return Err(Error::input(format!(
            "programs are built for `{TARGET}` only so far, and this build is for `{}`",
            job.compiler.target
        )));
    }
    let own = variable(&job.name);
    if VARIABLES.contains(&own.as_str()) || RESERVED.contains(&own.as_str()) {
        return Err(Error::input(format!(
            "an image can't be called `{}`: its variable `{own}` is one of the tool's own",
            job.name
        )));
    }
    Ok(())
}

fn raw(job: &Job) -> Result<Raw> {
    let link = match &job.link {
        Some(word) => Some(Link::from_word(word).ok_or_else(|| {
            Error::input(format!("there is no kind of link `{word}`"))
                .hint(did_you_mean(word, &Link::WORDS))
        })?),
        None => None,
    };
    let mut files = BTreeMap::new();
    for (guest, host) in &job.files {
        let guest = GuestPath::try_from(guest.clone()).map_err(Error::input)?;
        let path = job.folder.join(host);
        files.insert(guest, File::Host { path, mode: None });
    }
    Ok(Raw {
        kernel: job.kernel.clone(),
        link,
        args: Some(job.args.clone()),
        env: job.env.clone(),
        files,
        image: (!job.formats.is_empty()).then(|| Image {
            formats: Some(job.formats.clone()),
            ..Image::default()
        }),
        ..Raw::default()
    })
}

fn settings(job: &Job, link: Link, level: c::Level) -> c::Settings {
    let define = |(name, value): (&String, &Option<String>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    c::Settings {
        name: job.name.clone(),
        folder: job.folder.clone(),
        sources: job.sources.clone(),
        include: job.include.clone(),
        define: job.define.iter().map(define).collect(),
        cflags: job.flags.clone(),
        ldflags: Vec::new(),
        libs: job.libs.clone(),
        link,
        level,
        artefacts: job.out.clone(),
    }
}

#[cfg(test)]
mod tests {
    use unikernel_build::job::{Compiler, VERSION};

    use super::*;

    fn job() -> Job {
        Job {
            version: VERSION,
            name: "hello".to_owned(),
            folder: "/package".into(),
            out: "/out/unikernel".into(),
            compiler: Compiler {
                target: TARGET.to_owned(),
                opt_level: "3".to_owned(),
            },
            sources: vec!["src/hello.c".into()],
            include: vec!["include".into()],
            define: BTreeMap::from([
                ("A".to_owned(), None),
                ("B".to_owned(), Some("1".to_owned())),
            ]),
            flags: vec!["-Wall".to_owned()],
            libs: Vec::new(),
            kernel: None,
            link: None,
            formats: Vec::new(),
            args: Vec::new(),
            env: BTreeMap::new(),
            files: BTreeMap::from([("/etc/motd".to_owned(), "motd".into())]),
        }
    }

    fn check_error(change: fn(&mut Job), expected: &str) {
        let mut job = job();
        change(&mut job);
        let error = Project::of_job(&job).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn everything_is_written_to_the_jobs_folder() {
        let project = Project::of_job(&job()).unwrap();
        let program::Settings::C(settings) = project.program else {
            panic!("sources are C");
        };
        assert_eq!(settings.artefacts.to_str(), Some("/out/unikernel"));
        assert_eq!(settings.define, ["A", "B=1"]);
        assert_eq!(settings.cflags, ["-Wall"]);
        assert_eq!(settings.level, c::Level::All);
    }

    #[test]
    fn paths_are_relative_to_the_package() {
        let raw = raw(&job()).unwrap();
        let files: Vec<&File> = raw.files.values().collect();
        let path = "/package/motd".into();
        assert_eq!(files, [&File::Host { path, mode: None }]);
    }

    #[test]
    fn what_can_not_be_is_refused() {
        check_error(|job| job.sources.clear(), "no source file");
        check_error(
            |job| job.compiler.target = "aarch64-apple-darwin".to_owned(),
            "aarch64-apple-darwin",
        );
        check_error(|job| job.compiler.opt_level = "4".to_owned(), "`4`");
        check_error(|job| job.link = Some("dynamic".to_owned()), "`dynamic`");
        check_error(|job| job.name = "kernel-file".to_owned(), "tool's own");
        check_error(
            |job| drop(job.files.insert("../x".to_owned(), "x".into())),
            "../x",
        );
    }
}
