//! A program of `tests/guests`: as a project, natively, in a unikernel.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;

use crate::cli::{self, Cli};
use crate::directives::{Directives, Form};
use crate::process::{Call, Finished};
use crate::project::Project;
use crate::workspace;

/// What the guest's environment holds before the manifest adds to it, natively made the same.
const DEFAULT_ENV: [(&str, &str); 1] = [("HOME", "/")];

/// What a Rust guest needs to be a library that exports `main`.
const EXPORT: &str = "mod program {
    include!(\"main.rs\");

    mod export {
        #[unsafe(no_mangle)]
        extern \"C\" fn main(_count: i32, _arguments: *const *const u8) -> i32 {
            let _ = super::main();
            0
        }
    }
}
";

/// A program of `tests/guests`.
pub struct Guest {
    /// File name without ending; also the program's name in the guest.
    pub name: String,
    file: String,
    source: String,
    /// What it says about itself.
    pub directives: Directives,
}

impl Guest {
    /// The guest in this file.
    ///
    /// # Panics
    /// When there is none, or what it says about itself is malformed.
    #[must_use]
    pub fn load(file: &str) -> Self {
        let source = workspace::read(&format!("tests/guests/{file}"));
        let directives = Directives::parse(file, &source).expect("the build script read it too");
        let (name, _) = file.split_once('.').expect("a guest has an ending");
        Self {
            name: name.to_owned(),
            file: file.to_owned(),
            source,
            directives,
        }
    }

    /// A project that builds it in this form, its root folder under `root`.
    #[must_use]
    pub fn project(&self, form: Form) -> Project {
        let project = if self.file.ends_with(".rs") {
            self.cargo_project(form)
        } else {
            let manifest = format!(
                "name = {}\nlink = {}\n{}[build]\nsources = [{}]\nlibs = {}\n",
                quoted(&self.name),
                quoted(form.word()),
                self.tables(""),
                quoted(&self.file),
                list(&self.directives.libs),
            );
            Project::new()
                .file("Unikernel.toml", manifest)
                .file(&self.file, &self.source)
        };
        self.fill_root(&project);
        project
    }

    fn cargo_project(&self, form: Form) -> Project {
        let tables = self.tables("package.metadata.unikernel.");
        let project = Project::cargo_package(&self.name, &self.source, "");
        if form == Form::Cdylib {
            project.write("src/lib.rs", EXPORT);
        }
        for path in &self.directives.modules {
            let (_, name) = path.rsplit_once('/').expect("a module lies in a folder");
            project.write(&format!("src/{name}"), workspace::read(path));
        }
        let library = if form == Form::Cdylib {
            format!(
                "[lib]\nname = {}\ncrate-type = [\"cdylib\"]\n",
                quoted(&format!("{}_object", self.name))
            )
        } else {
            String::new()
        };
        let manifest = fs::read_to_string(project.path("Cargo.toml")).expect("just written");
        project.write("Cargo.toml", manifest + &library + &tables);
        project
    }

    /// The manifest's tables of environment and files, with this prefix before their names.
    fn tables(&self, prefix: &str) -> String {
        let mut text = String::new();
        if !self.directives.env.is_empty() {
            let _ = writeln!(text, "[{prefix}env]");
        }
        for (name, value) in &self.directives.env {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        if !self.directives.files.is_empty() || !self.directives.links.is_empty() {
            let _ = writeln!(text, "[{prefix}files]");
        }
        for (path, _) in &self.directives.files {
            let _ = writeln!(
                text,
                "{} = {}",
                quoted(&format!("/{path}")),
                quoted(&format!("root/{path}"))
            );
        }
        for (path, target) in &self.directives.links {
            let _ = writeln!(
                text,
                "{} = {{ symlink = {} }}",
                quoted(&format!("/{path}")),
                quoted(target)
            );
        }
        text
    }

    fn fill_root(&self, project: &Project) {
        fs::create_dir_all(project.path("root/tmp")).expect("a temporary folder is writable");
        for (path, content) in &self.directives.files {
            project.write(&format!("root/{path}"), content);
        }
        for (path, target) in &self.directives.links {
            symlink(target, project.path("root").join(path))
                .expect("a temporary folder is writable");
        }
    }

    /// Whether Linux can say what is right.
    ///
    /// # Panics
    /// When `/proc` is not there.
    #[must_use]
    pub fn runs_natively(&self) -> bool {
        let user = fs::metadata("/proc/self").expect("Linux has it").uid();
        !self.directives.not_native && (user == 0 || !self.directives.needs_root)
    }

    /// Builds it for Linux, in a project of its own.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn native(&self) -> Native<'_> {
        let project = self.project(Form::Pie);
        let program = if self.file.ends_with(".rs") {
            let built = Call::new(workspace::cargo())
                .args(["build", "--quiet", "--offline", "--target-dir", "native"])
                .full_env(cli::environment())
                .folder(project.folder())
                .run();
            built.expect_status(0);
            project.path("native/debug").join(&self.name)
        } else {
            let program = project.path("native");
            let built = Call::new("gcc")
                .args(["-O1", "-g", "-fPIE", "-pie", "-w", "-o"])
                .arg(&program)
                .arg(&self.file)
                .args(self.directives.libs.iter().map(|lib| format!("-l{lib}")))
                .folder(project.folder())
                .run();
            built.expect_status(0);
            program
        };
        Native {
            guest: self,
            project,
            program,
        }
    }

    /// Runs it in a unikernel built by this project.
    #[must_use]
    pub fn in_unikernel(&self, project: &Project, form: Form, args: &[String]) -> Finished {
        let mut call = Cli::new(
            project.folder(),
            ["run", "--quiet", "--accel", "tcg", "--timeout"],
        )
        .arg(crate::process::patience(60).as_secs().to_string());
        if let Some(memory) = &self.directives.memory {
            call = call.args(["--memory", memory]);
        }
        if form == Form::Cdylib {
            call = call.arg("--lib");
        } else if self.file.ends_with(".rs") {
            call = call.args(["--bin", &self.name]);
        }
        if !args.is_empty() {
            call = call.arg("--").args(args);
        }
        call.stdin(self.directives.stdin.clone()).run()
    }
}

/// A guest that was built for Linux.
pub struct Native<'a> {
    guest: &'a Guest,
    project: Project,
    program: PathBuf,
}

impl Native<'_> {
    /// Runs it with these arguments, in a fresh root folder.
    ///
    /// # Panics
    /// When there is no room for the root folder.
    #[must_use]
    pub fn run(&self, args: &[String]) -> Finished {
        fs::remove_dir_all(self.project.path("root")).expect("made with the project");
        self.guest.fill_root(&self.project);
        let given = self.guest.directives.env.iter();
        let env: BTreeMap<OsString, OsString> = DEFAULT_ENV
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .chain(given.map(|(name, value)| (name.into(), value.into())))
            .collect();
        Call::new(&self.program)
            .arg0(format!("/{}", self.guest.name))
            .args(args)
            .full_env(env)
            .folder(&self.project.path("root"))
            .stdin(self.guest.directives.stdin.clone())
            .within(60)
            .run()
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}
