//! [`Build`]: what shall become an image, and the two ends of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::job::{Answer, Built, Compiler, Failed, Job, VERSION, variable};
use crate::{env, generated, instruction, tool};

/// C or C++ sources that shall become a unikernel image. Relative paths are relative to the package's folder.
#[derive(Debug, Clone, Default)]
pub struct Build {
    sources: Vec<PathBuf>,
    include: Vec<PathBuf>,
    define: BTreeMap<String, Option<String>>,
    flags: Vec<String>,
    libs: Vec<String>,
    kernel: Option<String>,
    link: Option<String>,
    formats: Vec<String>,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    files: BTreeMap<String, PathBuf>,
}

impl Build {
    /// A build of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source file.
    pub fn file(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.sources.push(path.as_ref().to_owned());
        self
    }

    /// Adds source files.
    pub fn files<P: AsRef<Path>>(&mut self, paths: impl IntoIterator<Item = P>) -> &mut Self {
        for path in paths {
            self.file(path);
        }
        self
    }

    /// Adds a folder for `#include`.
    pub fn include(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.include.push(folder.as_ref().to_owned());
        self
    }

    /// Defines a macro, with a value or (`None`) without.
    pub fn define<'a>(&mut self, name: &str, value: impl Into<Option<&'a str>>) -> &mut Self {
        let value = value.into().map(str::to_owned);
        self.define.insert(name.to_owned(), value);
        self
    }

    /// Adds a flag of the compiler.
    pub fn flag(&mut self, flag: &str) -> &mut Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Links with a library, as after `-l`.
    pub fn lib(&mut self, name: &str) -> &mut Self {
        self.libs.push(name.to_owned());
        self
    }

    /// Chooses the kernel: `builtin`, `osv` or `nanos`.
    pub fn kernel(&mut self, name: &str) -> &mut Self {
        self.kernel = Some(name.to_owned());
        self
    }

    /// Chooses the form of linking: `auto`, `pie`, `shared` or `static-pie`.
    pub fn link(&mut self, form: &str) -> &mut Self {
        self.link = Some(form.to_owned());
        self
    }

    /// Adds an image format; without one it is the kernel's default.
    pub fn format(&mut self, name: &str) -> &mut Self {
        self.formats.push(name.to_owned());
        self
    }

    /// Adds an argument of the program (`argv[0]` is there already).
    pub fn arg(&mut self, arg: &str) -> &mut Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Sets a variable in the program's environment.
    pub fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Puts a host file or folder into the root tree.
    pub fn root_file(&mut self, guest: &str, host: impl AsRef<Path>) -> &mut Self {
        self.files
            .insert(guest.to_owned(), host.as_ref().to_owned());
        self
    }

    /// Builds the image, or tells cargo why not and ends the build script.
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script has nobody to return the error to"
    )]
    pub fn emit(&self, name: &str) {
        if let Err(error) = self.try_emit(name) {
            instruction::print_error(&error.to_string());
            std::process::exit(1);
        }
    }

    /// Builds the image into `OUT_DIR` and returns its path.
    ///
    /// Prints to cargo: when to build again, `UNIKERNEL_<NAME>` (the image's path) and `UNIKERNEL_<NAME>_MAIN` (a main that
    /// boots it) for the package's own code, and `image` and `program` as metadata for packages that depend on one with `links`.
    ///
    /// # Errors
    /// When the tool is not installed, or it says why there is no image.
    pub fn try_emit(&self, name: &str) -> Result<PathBuf, Error> {
        let mut lines = vec![instruction::rerun_if_env_changed(tool::VARIABLE)];
        let result = self.run(name, &mut lines);
        instruction::print(&lines);
        result
    }

    fn run(&self, name: &str, lines: &mut Vec<String>) -> Result<PathBuf, Error> {
        let job = self.job(name)?;
        let rerun = self.sources.iter().map(|path| job.folder.join(path));
        lines.extend(rerun.map(|path| instruction::rerun_if_changed(&path)));
        let program = tool::find().inspect_err(|_| {
            let searched = tool::SEARCHED.iter();
            lines.extend(searched.map(|name| instruction::rerun_if_env_changed(name)));
        })?;
        lines.push(instruction::rerun_if_changed(&program));
        match tool::run(&program, &job)? {
            Answer::Built(built) => emit_built(name, &built, &program, &job.out, lines),
            Answer::Failed(failed) => Err(refuse(failed, lines)),
        }
    }

    fn job(&self, name: &str) -> Result<Job, Error> {
        Ok(Job {
            version: VERSION,
            name: name.to_owned(),
            folder: env::of_cargo("CARGO_MANIFEST_DIR")?.into(),
            out: PathBuf::from(env::of_cargo("OUT_DIR")?).join("unikernel"),
            compiler: Compiler {
                target: env::of_cargo("TARGET")?,
                opt_level: env::of_cargo("OPT_LEVEL")?,
            },
            sources: self.sources.clone(),
            include: self.include.clone(),
            define: self.define.clone(),
            flags: self.flags.clone(),
            libs: self.libs.clone(),
            kernel: self.kernel.clone(),
            link: self.link.clone(),
            formats: self.formats.clone(),
            args: self.args.clone(),
            env: self.env.clone(),
            files: self.files.clone(),
        })
    }
}

fn emit_built(
    name: &str,
    built: &Built,
    tool: &Path,
    out: &Path,
    lines: &mut Vec<String>,
) -> Result<PathBuf, Error> {
    rerun(&built.inputs, &built.variables, lines);
    lines.extend(built.warnings.iter().map(|text| format!("warning={text}")));
    let image = built
        .images
        .first()
        .ok_or_else(|| Error::new(format!("the tool built no image of `{name}`")))?;
    let source = generated::main_source(&tool::as_text(image)?, &tool::as_text(tool)?);
    let main = out.join(format!("{name}.main.rs"));
    write(&main, &source)?;
    let variable = variable(name);
    lines.extend([
        format!("rustc-env={variable}={}", image.display()),
        format!("rustc-env={variable}_MAIN={}", main.display()),
        format!("metadata=image={}", image.display()),
        format!("metadata=program={}", built.program.display()),
    ]);
    Ok(image.clone())
}

fn refuse(failed: Failed, lines: &mut Vec<String>) -> Error {
    rerun(&failed.inputs, &failed.variables, lines);
    let hint = failed.hint.map(|hint| format!("\nhint: {hint}"));
    Error::new(failed.message + &hint.unwrap_or_default())
}

fn rerun(inputs: &[PathBuf], variables: &[String], lines: &mut Vec<String>) {
    lines.extend(
        inputs
            .iter()
            .map(|path| instruction::rerun_if_changed(path)),
    );
    lines.extend(
        variables
            .iter()
            .map(|name| instruction::rerun_if_env_changed(name)),
    );
}

/// Writes the generated main, which lies in `OUT_DIR` like everything else here.
#[expect(
    clippy::disallowed_methods,
    reason = "the helper's one file, in a folder that only this build script uses"
)]
fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|e| Error::new(format!("writing `{}`: {e}", path.display())))
}
