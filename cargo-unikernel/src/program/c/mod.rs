//! C and C++ files: `cc` finds the compiler and its flags, we compile and link position-independently.
//!
//! Nothing of the machine gets into the code: paths are mapped to the source folder, `__DATE__` is the linker's business of
//! the user. Objects are position-independent for shared objects too, so one compilation suits every kind of link.

mod compiler;
mod dependencies;
mod level;
mod step;

use std::path::{Path, PathBuf};

use super::{Built, Link, Program};
use crate::error::{Error, Result};
use crate::fs;
use crate::progress::Progress;
pub use compiler::variables;
pub use level::Level;
use step::{Step, rule_path};

/// Longest name of an object file that is made of its source's path; folders take names of 255 bytes.
const MAX_NAME: usize = 200;

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
    /// How far it is optimised, unless the compiler's own variables or `cflags` say otherwise.
    pub level: Level,
    /// `<target-dir>/unikernel/<profile>`.
    pub artefacts: PathBuf,
}

/// Compiles and links what has changed.
///
/// # Errors
/// When there is no compiler, or it fails.
pub fn build(settings: &Settings, progress: &dyn Progress) -> Result<Built> {
    let folder = settings.artefacts.join("build").join(&settings.name);
    fs::create_folder(&folder)?;
    let languages = settings.sources.iter().map(|source| Language::of(source));
    let language = languages.max().unwrap_or(Language::C);
    let mut inputs = Vec::new();
    let mut objects = Vec::new();
    for source in &settings.sources {
        let step = compile(settings, &settings.folder.join(source), &folder)?;
        inputs.extend(step.run(progress).map_err(|e| e.inputs(inputs.clone()))?);
        objects.push(step.output);
    }
    let linked = link(settings, language, &objects, &folder)?;
    inputs.extend(linked.run(progress).map_err(|e| e.inputs(inputs.clone()))?);
    inputs.retain(|input| !input.starts_with(&folder));
    inputs.sort();
    inputs.dedup();
    Ok(Built {
        program: Program::open(&settings.name, &linked.output)?,
        package: None,
        is_example: false,
        artefacts: settings.artefacts.clone(),
        inputs,
        variables: variables(),
    })
}

fn output_name(settings: &Settings) -> String {
    match settings.link {
        Link::Shared => format!("{}.so", settings.name),
        _ => settings.name.clone(),
    }
}

/// The folder with a slash behind it, so that the mapped path is relative.
fn with_slash(folder: &Path) -> String {
    format!("{}/", folder.display().to_string().trim_end_matches('/'))
}

/// A name for the object of a source, that no other source's object has: the path with `/` as `_-` and `_` doubled.
fn object_name(source: &Path, folder: &Path) -> String {
    let path = shown(source, folder);
    let name = path.replace('_', "__").replace('/', "_-");
    if name.len() <= MAX_NAME {
        return format!("{name}.o");
    }
    let digest = twox_hash::XxHash64::oneshot(0, path.as_bytes());
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let stem: String = stem.chars().take(MAX_NAME / 4).collect();
    format!("{stem}-{digest:016x}.o")
}

fn compile(settings: &Settings, source: &Path, folder: &Path) -> Result<Step<'static>> {
    if !fs::is_file(source) {
        return Err(Error::input(format!(
            "there is no source file `{}`",
            source.display()
        )));
    }
    let output = folder.join(object_name(source, &settings.folder));
    let (here, artefacts) = (settings.folder.display(), settings.artefacts.display());
    let includes = settings.include.iter();
    let invocation = compiler::find(folder, Language::of(source), settings.level)?
        .arg(format!("-ffile-prefix-map={artefacts}=."))
        .arg(format!("-ffile-prefix-map={here}=."))
        .arg(format!(
            "-ffile-prefix-map={}=",
            with_slash(&settings.folder)
        ))
        .args(includes.map(|folder| format!("-I{}", folder.display())))
        .args(settings.define.iter().map(|name| format!("-D{name}")))
        .args(&settings.cflags)
        .args(["-MD", "-MF"])
        .arg(rule_path(&output))
        .args(["-c", "-o"])
        .arg(&output)
        .arg(source)
        .folder(&settings.folder);
    Ok(Step {
        verb: "Compiling",
        what: shown(source, &settings.folder),
        invocation,
        output,
        inputs: vec![source.to_owned()],
    })
}

fn link<'a>(
    settings: &'a Settings,
    language: Language,
    objects: &[PathBuf],
    folder: &Path,
) -> Result<Step<'a>> {
    let output = folder.join(output_name(settings));
    let kind: &[&str] = match settings.link {
        Link::Auto | Link::Pie => &["-pie"],
        Link::StaticPie => &["-static-pie"],
        // What is missing is told here and not at the first call in the guest.
        Link::Shared => &["-shared", "-Wl,-z,defs"],
    };
    let mut invocation = compiler::find(folder, language, settings.level)?
        .args(kind)
        .args([
            "-Wl,-z,noexecstack",
            "-Wl,-z,relro",
            "-Wl,--build-id=sha1",
            "-o",
        ])
        .arg(&output)
        .args(objects)
        .args(&settings.ldflags)
        .args(settings.libs.iter().map(|name| format!("-l{name}")))
        .folder(&settings.folder);
    // The one linker in use that can't tell what it has read (ld(1), `--dependency-file`; ld.lld and mold know it too).
    let is_gold = settings.ldflags.iter().any(|flag| flag.contains("gold"));
    if !is_gold {
        let rule = rule_path(&output);
        invocation = invocation
            .args(["-Xlinker", "--dependency-file", "-Xlinker"])
            .arg(rule);
    }
    Ok(Step {
        verb: "Linking",
        what: settings.name.clone(),
        invocation,
        output,
        inputs: objects.to_vec(),
    })
}

/// What a file is compiled as; a program is linked as the later one of its files'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    C,
    Cpp,
}

impl Language {
    fn word(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Cpp => "c++",
        }
    }

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
    use crate::progress::Silent;

    fn settings(folder: &Path, link: Link) -> Settings {
        Settings {
            name: "hello".to_owned(),
            folder: folder.to_owned(),
            sources: vec![folder.join("hello.c")],
            include: Vec::new(),
            define: Vec::new(),
            cflags: Vec::new(),
            ldflags: Vec::new(),
            libs: Vec::new(),
            link,
            level: Level::None,
            artefacts: folder.join("target/unikernel/debug"),
        }
    }

    fn write(folder: &Path, name: &str, text: &str) {
        fs::write_bytes(&folder.join(name), text.as_bytes()).unwrap();
    }

    fn built(folder: &Path, link: Link) -> Built {
        let source = "#include <stdio.h>\nint main(void) { puts(__FILE__); return 0; }\n";
        write(folder, "hello.c", source);
        build(&settings(folder, link), &Silent).unwrap()
    }

    /// Remembers what was begun.
    #[derive(Default)]
    struct Begun(std::cell::RefCell<Vec<String>>);

    impl Progress for Begun {
        fn started(&self, verb: &str, what: &str) {
            self.0.borrow_mut().push(format!("{verb} {what}"));
        }
        fn finding(&self, _diagnostic: &crate::progress::Diagnostic) {}
        fn note(&self, _text: &str) {}
        fn detail(&self, _text: &str) {}
        fn finished(&self, _verb: &str, _what: &str) {}
        fn pass_through(&self, _text: &str) {}
    }

    #[test]
    fn only_what_changed_is_built_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write(folder, "number.h", "#define NUMBER 1\n");
        write(
            folder,
            "a.c",
            "#include \"number.h\"\nint number(void) { return NUMBER; }\n",
        );
        write(
            folder,
            "hello.c",
            "int number(void);\nint main(void) { return number(); }\n",
        );
        let mut settings = settings(folder, Link::Pie);
        settings.sources.push(folder.join("a.c"));
        let check = |settings: &Settings, expected: &[&str]| {
            let begun = Begun::default();
            let built = build(settings, &begun).unwrap();
            assert_eq!(*begun.0.borrow(), expected);
            built
        };
        let built = check(
            &settings,
            &["Compiling hello.c", "Compiling a.c", "Linking hello"],
        );
        for name in ["number.h", "a.c", "hello.c"] {
            assert!(
                built.inputs.contains(&folder.join(name)),
                "{name} in {:?}",
                built.inputs
            );
        }
        assert!(built.variables.contains(&"CFLAGS".to_owned()));
        let again = check(&settings, &[]);
        assert_eq!(again.inputs, built.inputs);
        write(folder, "number.h", "#define NUMBER 2\n");
        check(&settings, &["Compiling a.c", "Linking hello"]);
        settings.ldflags.push("-Wl,-z,now".to_owned());
        check(&settings, &["Linking hello"]);
        settings.define.push("X".to_owned());
        check(
            &settings,
            &["Compiling hello.c", "Compiling a.c", "Linking hello"],
        );
        fs::remove_file(&folder.join("target/unikernel/debug/build/hello/a.c.o")).unwrap();
        check(&settings, &["Compiling a.c", "Linking hello"]);
        write(folder, "number.h", "broken\n");
        for _ in 0..2 {
            let error = build(&settings, &Silent).unwrap_err();
            for name in ["number.h", "a.c", "hello.c"] {
                let inputs = error.input_files();
                assert!(inputs.contains(&folder.join(name)), "{name} in {inputs:?}");
            }
        }
    }

    #[test]
    fn objects_of_like_named_sources_are_told_apart() {
        let name = |path: &str| object_name(Path::new(path), Path::new("/s"));
        assert_eq!(name("/s/a/b.c"), "a_-b.c.o");
        assert_eq!(name("/s/a_b.c"), "a__b.c.o");
        let long = format!("/s/{}/a.c", "x".repeat(300));
        assert!(name(&long).len() < 255 && name(&long).starts_with("a-"));
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
            built.program.stripped
        });
        assert!(one == other);
    }
}
