//! C and C++ files: `cc` finds the compiler and its flags, we compile and link position-independently.
//!
//! Nothing of the machine gets into the code: paths are mapped to the source folder, `__DATE__` is the linker's business of
//! the user. Objects are position-independent for shared objects too, so one compilation suits every kind of link.

use std::path::{Path, PathBuf};

use super::{Built, Link, Program};
use crate::error::{Error, Result};
use crate::fs;
use crate::progress::Progress;
use crate::tool::{self, Invocation};

/// The only target so far.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What compiler and linker want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the program is called.
    pub name: String,
    /// Where the source lies.
    pub folder: PathBuf,
    /// The files: absolute, or relative to `folder`.
    pub sources: Vec<PathBuf>,
    /// Folders with headers.
    pub include: Vec<PathBuf>,
    /// Macros: `NAME` or `NAME=VALUE`.
    pub define: Vec<String>,
    /// Further flags of the compiler.
    pub cflags: Vec<String>,
    /// Further flags of the linker driver.
    pub ldflags: Vec<String>,
    /// Libraries, without `lib` and `-l`.
    pub libs: Vec<String>,
    /// How it is linked.
    pub link: Link,
    /// Whether it is optimised (`--release`).
    pub optimised: bool,
    /// `<target-dir>/unikernel/<profile>`.
    pub artefacts: PathBuf,
}

/// Compiles and links.
///
/// # Errors
/// When there is no compiler, or it fails.
pub fn build(settings: &Settings, progress: &dyn Progress) -> Result<Built> {
    let folder = settings.artefacts.join("build").join(&settings.name);
    fs::create_folder(&folder)?;
    let languages = settings.sources.iter().map(|source| Language::of(source));
    let language = languages.max().unwrap_or(Language::C);
    let mut objects = Vec::new();
    for (index, source) in settings.sources.iter().enumerate() {
        let source = settings.folder.join(source);
        if !fs::is_file(&source) {
            return Err(Error::input(format!(
                "there is no source file `{}`",
                source.display()
            )));
        }
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        let object = folder.join(format!("{index}-{stem}.o"));
        progress.started("Compiling", &shown(&source, &settings.folder));
        let compile = compile(settings, &source, &object)?;
        run(&compile, &shown(&source, &settings.folder), progress)?;
        objects.push(object);
    }
    let program = folder.join(output_name(settings));
    progress.started("Linking", &settings.name);
    let link = link(settings, language, &objects, &program)?;
    run(&link, &settings.name, progress)?;
    Ok(Built {
        program: Program::open(&settings.name, &program)?,
        package: None,
        is_example: false,
        artefacts: settings.artefacts.clone(),
    })
}

fn output_name(settings: &Settings) -> String {
    match settings.link {
        Link::Shared => format!("{}.so", settings.name),
        _ => settings.name.clone(),
    }
}

/// The compiler with the flags that `CC`, `CFLAGS` and the target ask for.
fn compiler(settings: &Settings, language: Language) -> Result<Invocation> {
    let mut build = cc::Build::new();
    build
        .target(TARGET)
        .host(TARGET)
        .out_dir(&settings.artefacts)
        .opt_level(if settings.optimised { 2 } else { 0 })
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
    let program = tool::find(&found.path().to_string_lossy())?;
    let mut invocation = Invocation::new(program).args(found.args());
    for (name, value) in found.get_envs() {
        invocation = invocation.set(&name.to_string_lossy(), value);
    }
    Ok(invocation)
}

/// The folder with a slash behind it, so that the mapped path is relative.
fn with_slash(folder: &Path) -> String {
    format!("{}/", folder.display().to_string().trim_end_matches('/'))
}

fn compile(settings: &Settings, source: &Path, object: &Path) -> Result<Invocation> {
    let folder = settings.folder.display();
    let artefacts = settings.artefacts.display();
    Ok(compiler(settings, Language::of(source))?
        .arg(format!("-ffile-prefix-map={artefacts}=."))
        .arg(format!("-ffile-prefix-map={folder}=."))
        .arg(format!(
            "-ffile-prefix-map={}=",
            with_slash(&settings.folder)
        ))
        .args(
            settings
                .include
                .iter()
                .map(|folder| format!("-I{}", folder.display())),
        )
        .args(settings.define.iter().map(|name| format!("-D{name}")))
        .args(&settings.cflags)
        .args(["-c", "-o"])
        .arg(object)
        .arg(source)
        .folder(&settings.folder))
}

fn link(
    settings: &Settings,
    language: Language,
    objects: &[PathBuf],
    program: &Path,
) -> Result<Invocation> {
    let kind: &[&str] = match settings.link {
        Link::Auto | Link::Pie => &["-pie"],
        Link::StaticPie => &["-static-pie"],
        // What is missing is told here and not at the first call in the guest.
        Link::Shared => &["-shared", "-Wl,-z,defs"],
    };
    Ok(compiler(settings, language)?
        .args(kind)
        .args([
            "-Wl,-z,noexecstack",
            "-Wl,-z,relro",
            "-Wl,--build-id=sha1",
            "-o",
        ])
        .arg(program)
        .args(objects)
        .args(&settings.ldflags)
        .args(settings.libs.iter().map(|name| format!("-l{name}")))
        .folder(&settings.folder))
}

fn run(invocation: &Invocation, what: &str, progress: &dyn Progress) -> Result<()> {
    progress.detail(&invocation.to_string());
    let status = invocation.run_streamed()?;
    if status.success() {
        return Ok(());
    }
    let compiler = invocation.program.display();
    Err(
        Error::input(format!("`{compiler}` failed on `{what}`: {status}"))
            .hint("`-v` shows the whole command"),
    )
}

/// What a file is compiled as; a program is linked as the later one of its files'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    C,
    Cpp,
}

impl Language {
    fn of(source: &Path) -> Self {
        let extension = source.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("cc" | "cpp" | "cxx" | "c++" | "C") => Self::Cpp,
            _ => Self::C,
        }
    }
}

fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Shape;
    use crate::program::strip::strip;
    use crate::progress::Silent;

    fn built(folder: &Path, link: Link) -> Built {
        let source = "#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n";
        fs::write_bytes(&folder.join("hello.c"), source.as_bytes()).unwrap();
        let settings = Settings {
            name: "hello".to_owned(),
            folder: folder.to_owned(),
            sources: vec![folder.join("hello.c")],
            include: Vec::new(),
            define: Vec::new(),
            cflags: Vec::new(),
            ldflags: Vec::new(),
            libs: Vec::new(),
            link,
            optimised: false,
            artefacts: folder.join("target/unikernel/debug"),
        };
        build(&settings, &Silent).unwrap()
    }

    #[test]
    fn each_link_gives_its_shape() {
        let folder = tempfile::tempdir().unwrap();
        let check = |link, expected| {
            assert_eq!(
                built(folder.path(), link).program.shape,
                expected,
                "{link:?}"
            );
        };
        check(Link::Auto, Shape::Pie);
        check(Link::Pie, Shape::Pie);
        check(Link::StaticPie, Shape::StaticPie);
        check(Link::Shared, Shape::Shared);
    }

    #[test]
    fn folder_leaves_no_trace_in_what_is_archived() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = folders.map(|folder| {
            let built = built(folder.path(), Link::Pie);
            strip(&built.program.bytes).unwrap().program
        });
        assert!(one == other);
    }
}
