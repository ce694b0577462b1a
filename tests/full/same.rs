//! A program of Debian, run on Linux first and then in the builtin kernel: both must say the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tests::cli::Cli;
use tests::process::{Call, Finished};
use tests::project::Project;

use super::debian::Debian;

/// Where Debian's libraries lie, below its root.
const LIBRARIES: [&str; 2] = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

/// What the guest's environment holds unless it is told more; natively made the same.
const ENV: [(&str, &str); 3] = [
    ("HOME", "/"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("TERM", "xterm"),
];

/// Files by relative path, with their contents.
pub(crate) type Files = &'static [(&'static str, &'static [u8])];

/// Links by path below Debian's root, with the path there that they lead to.
pub(crate) type Links = &'static [(&'static str, &'static str)];

/// A program of Debian as it is, with its image and a folder that is its root on Linux.
///
/// It sees the same files below the same *relative* paths in both places, since the kernel's working folder is `/`.
pub(crate) struct Program {
    root: PathBuf,
    path: &'static str,
    files: Files,
    shared: &'static [&'static str],
    links: Links,
    image: PathBuf,
    env: Vec<(String, String)>,
    project: Project,
}

impl Program {
    /// The program at this path below Debian's root. `files` are a relative path and content each, which every run finds
    /// anew; `shared` are folders of Debian's root that it reads, beside its libraries.
    pub(crate) fn of(
        debian: &Debian,
        path: &'static str,
        files: Files,
        shared: &'static [&'static str],
    ) -> Self {
        Self::leading_out(debian, path, files, shared, &[])
    }

    /// The same with links of the shared folders that lead out of them: what they lead to lies in the image in their place.
    pub(crate) fn leading_out(
        debian: &Debian,
        path: &'static str,
        files: Files,
        shared: &'static [&'static str],
        links: Links,
    ) -> Self {
        let mut program = Self {
            root: debian.root(),
            path,
            files,
            shared,
            links,
            image: PathBuf::new(),
            env: Vec::new(),
            project: Project::new(),
        };
        program.image = program.built();
        program
    }

    /// The same with one more environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn built(&self) -> PathBuf {
        for (path, content) in self.files {
            self.project.write(&format!("files/{path}"), content);
        }
        let given = self.files.iter();
        let given = given.map(|(path, _)| (*path, self.project.path("files").join(path)));
        let shared = self.shared.iter().map(|path| (*path, *path));
        let shared = shared.chain(self.links.iter().copied());
        let shared = shared.map(|(path, target)| (path, self.root.join(target)));
        let mut call = Cli::new(self.project.folder(), ["build", "--quiet", "--sysroot"])
            .arg(&self.root)
            .args(["--kernel", "builtin", "--binary"])
            .arg(self.root.join(self.path));
        for (guest, host) in given.chain(shared) {
            let mut spec = OsString::from(format!("/{guest}="));
            spec.push(host);
            call = call.arg("--file").arg(spec);
        }
        let built = call.run();
        PathBuf::from(built.expect_status(0).stdout_text().trim_end())
    }

    /// Runs it in both places, once a line of arguments, with these bytes on stdin; all that differs is told together.
    #[track_caller]
    pub(crate) fn same_for_all(&self, stdin: &[u8], lines: &[&[&str]]) {
        let lines = lines.iter();
        let differences: Vec<String> = lines
            .filter_map(|args| self.difference(stdin, args).err())
            .collect();
        assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    }

    /// Runs it in both places with these arguments and nothing on stdin; what it said when it ended with 0.
    #[track_caller]
    pub(crate) fn same(&self, args: &[&str]) -> Finished {
        self.same_reading(b"", args)
    }

    /// The same with these bytes on stdin.
    #[track_caller]
    pub(crate) fn same_reading(&self, stdin: &[u8], args: &[&str]) -> Finished {
        self.same_reading_for(0, stdin, args)
    }

    /// The same with this status at the end.
    #[track_caller]
    pub(crate) fn same_reading_for(&self, status: i32, stdin: &[u8], args: &[&str]) -> Finished {
        let native = self.difference(stdin, args);
        let native = native.unwrap_or_else(|difference| panic!("{difference}"));
        native.expect_status(status);
        native
    }

    /// What it said natively, or how that differs from what it said in the kernel.
    fn difference(&self, stdin: &[u8], args: &[&str]) -> Result<Finished, String> {
        let native = self.natively(stdin, args);
        let found = self.in_kernel(stdin, args);
        let what = if found.stdout != native.stdout {
            "stdout"
        } else if found.status != native.status {
            "the status"
        } else if !holds_in_order(&found.stderr_text(), &native.stderr_text()) {
            "stderr"
        } else {
            return Ok(native);
        };
        let first = first_difference(&native.stdout_text(), &found.stdout_text());
        Err(format!(
            "{what} differs{first}; natively:\n{native}\nin the kernel:\n{found}"
        ))
    }

    /// By the loader and libraries of Debian's root, so that the machine's own have no say.
    fn natively(&self, stdin: &[u8], args: &[&str]) -> Finished {
        let place = Project::new();
        for (path, content) in self.files {
            place.write(path, content);
        }
        for path in self.shared {
            link(&self.root.join(path), &place.path(path));
        }
        let libraries = LIBRARIES.map(|path| self.root.join(path).display().to_string());
        let defaults = ENV.iter().map(|(name, value)| (name.into(), value.into()));
        let told = self.env.iter();
        let told = told.map(|(name, value)| (name.into(), value.into()));
        let env: BTreeMap<OsString, OsString> = defaults.chain(told).collect();
        Call::new(self.root.join(LIBRARIES[0]).join("ld-linux-x86-64.so.2"))
            .arg("--library-path")
            .arg(libraries.join(":"))
            .arg("--argv0")
            .arg(format!("/{}", self.path))
            .arg(self.root.join(self.path))
            .args(args.iter().copied())
            .full_env(env)
            .folder(place.folder())
            .stdin(stdin)
            .run()
    }

    fn in_kernel(&self, stdin: &[u8], args: &[&str]) -> Finished {
        let words = ["run", "--quiet", "--accel", "tcg", "--timeout"];
        let mut call = Cli::new(self.project.folder(), words)
            .arg(tests::process::patience(100).as_secs().to_string())
            .arg("--image")
            .arg(&self.image);
        for (name, value) in &self.env {
            call = call.arg("--env").arg(format!("{name}={value}"));
        }
        call.arg("--").args(args.iter().copied()).stdin(stdin).run()
    }
}

fn link(target: &Path, path: &Path) {
    let parent = path.parent().expect("it lies in a folder");
    std::fs::create_dir_all(parent).expect("a temporary folder is writable");
    symlink(target, path).expect("a temporary folder is writable");
}

/// The first line of a text that is another elsewhere, in words; empty when there is none.
fn first_difference(text: &str, elsewhere: &str) -> String {
    let (mut text, mut elsewhere) = (text.lines(), elsewhere.lines());
    loop {
        match (text.next(), elsewhere.next()) {
            (None, None) => return String::new(),
            (line, other) if line != other => {
                let shown = |line: Option<&str>| line.unwrap_or("the end").to_owned();
                return format!(" first at `{}` / `{}`", shown(line), shown(other));
            }
            _ => {}
        }
    }
}

/// Whether a text has all lines of another, in their order. Between them the tool may tell of system calls that are missing.
fn holds_in_order(text: &str, lines: &str) -> bool {
    let mut found = text.lines();
    lines.lines().all(|line| found.any(|it| it == line))
}
