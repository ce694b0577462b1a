//! A package of Capstan's: `meta/package.yaml` says what it is, `meta/run.yaml` how it is started, and all that lies beside
//! them is in the image.

use std::ops::Range;
use std::path::Path;

use super::capstanfile::image_name;
use super::draft::{Binary, Draft};
use super::fields::{Fields, Text};
use super::ignore::{PassedOver, kept};
use super::{PACKAGE, RUN};
use crate::error::Result;
use crate::fs;
use crate::progress::{Diagnostic, Weight};
use crate::root::RootPath;
use crate::yaml::{File, Node};

/// Patterns of what stays out.
const IGNORE: &str = ".capstanignore";

/// What runs a program of each runtime, and the keys of its settings.
struct Runtime {
    name: &'static str,
    /// What the runtime's package starts; none where the settings say it.
    program: Option<&'static str>,
    /// Keys whose words come before the program's own, in this order.
    before: &'static [&'static str],
    keys: &'static [&'static str],
}

/// All runtimes, and what they know.
const RUNTIMES: [Runtime; 4] = [
    Runtime {
        name: "java",
        program: Some("java"),
        before: &["jvm_args"],
        keys: &[
            "args",
            "base",
            "classpath",
            "env",
            "jvm_args",
            "main",
            "xms",
            "xmx",
        ],
    },
    Runtime {
        name: "native",
        program: None,
        before: &[],
        keys: &["base", "bootcmd", "env"],
    },
    Runtime {
        name: "node",
        program: Some("node"),
        before: &["node_args"],
        keys: &["args", "base", "env", "main", "node_args", "shell"],
    },
    Runtime {
        name: "python",
        program: Some("python"),
        before: &["python_args"],
        keys: &["args", "base", "env", "main", "python_args", "shell"],
    },
];

/// Keys of `meta/package.yaml`.
const PACKAGE_KEYS: [&str; 8] = [
    "author", "binary", "created", "name", "platform", "require", "title", "version",
];

/// Keys of `meta/run.yaml` beside configurations.
const RUN_KEYS: [&str; 3] = ["config_set", "config_set_default", "runtime"];

/// Packages that every image of Capstan's has: the kernel's own tools.
const BOOTSTRAP: [&str; 2] = ["osv.bootstrap", "eu.mikelangelo-project.osv.bootstrap"];

/// Reads the package in a folder.
pub(super) fn read(folder: &Path, name: &str) -> Result<Draft> {
    let mut draft = Draft {
        comments: vec!["Written by `cargo unikernel init` from a package of Capstan's.".to_owned()],
        ..Draft::default()
    };
    let mut name = name.to_owned();
    let package = folder.join(PACKAGE);
    if fs::is_file(&package) {
        let file = File::read(&package, PACKAGE)?;
        if let Some(own) = facts(&mut draft, &file)? {
            name = own;
        }
    }
    contents(&mut draft, folder)?;
    let run = folder.join(RUN);
    if !fs::is_file(&run) {
        nothing_starts(&mut draft);
        draft.name = image_name(None, &draft.binary, &name);
        return Ok(draft);
    }
    let file = File::read(&run, RUN)?;
    let started = start(&mut draft, &file)?;
    if let Some(program) = &started {
        binary(&mut draft, &file, program, folder);
    }
    draft.name = image_name(None, &draft.binary, &name);
    Ok(draft)
}

/// Tells that there is no `meta/run.yaml`.
fn nothing_starts(draft: &mut Draft) {
    let message = format!(
        "there is no `{RUN}`: nothing says what is started, and `build.binary` is left open"
    );
    draft.comments.push(message.clone());
    draft.findings.push(Diagnostic {
        weight: Weight::Warning,
        rule: None,
        message,
        place: None,
        notes: Vec::new(),
        help: Some(
            "name the ELF that is started; what only other packages require needs no manifest: \
             name its folder in their `layers`"
                .to_owned(),
        ),
    });
}

/// `meta/package.yaml`; the package's name comes back.
fn facts(draft: &mut Draft, file: &File) -> Result<Option<String>> {
    let mut fields = Fields::of_file(file)?;
    let name = fields.text("name")?.map(|name| name.text.replace('/', "-"));
    for key in ["title", "version", "author"] {
        if let Some(Text { text, .. }) = fields.text(key)? {
            draft.comments.push(format!("{key}: {text}"));
        }
    }
    for key in ["created", "platform"] {
        fields.take(key);
    }
    for package in fields.texts("require")? {
        if BOOTSTRAP.contains(&&*package.text) {
            continue;
        }
        draft.lost(
            file,
            &package.span,
            &format!(
                "what the package `{}` holds is not taken over",
                package.text
            ),
            "unpack it (it is a tar.gz), and name its folder in `layers`",
        );
    }
    if let Some((span, _)) = fields.take_with_key("binary") {
        draft.lost(file, &span, "`binary` has no counterpart", "");
    }
    draft.unknown(file, fields, &PACKAGE_KEYS);
    Ok(name.filter(|name| !name.is_empty()))
}

/// All that lies in the package, but what is ignored.
fn contents(draft: &mut Draft, folder: &Path) -> Result<()> {
    let path = folder.join(IGNORE);
    let patterns = if fs::is_file(&path) {
        File::read(&path, IGNORE)?
    } else {
        File::of(IGNORE, "")
    };
    let (names, passed_over) = kept(fs::list(folder)?, &patterns.text);
    for PassedOver { line, pattern, why } in passed_over {
        let at: usize = patterns
            .text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let span = patterns.word(&(at..patterns.text.len()), &pattern);
        draft.lost(
            &patterns,
            &span,
            &format!("`{pattern}`: {}", why.told()),
            why.help(),
        );
    }
    for name in names {
        let guest = RootPath::root().join(&name)?;
        draft.files.insert(guest.to_string(), "&".to_owned());
    }
    Ok(())
}

/// `meta/run.yaml`; what is started comes back.
fn start(draft: &mut Draft, file: &File) -> Result<Option<Text>> {
    let mut fields = Fields::of_file(file)?;
    let Some(name) = fields.text("runtime")? else {
        return Err(fields.missing("runtime", &RUN_KEYS, "such as: runtime: native"));
    };
    let Some(runtime) = RUNTIMES.iter().find(|runtime| runtime.name == name.text) else {
        let known = RUNTIMES.map(|runtime| runtime.name);
        let error = file.error(&name.span, format!("there is no runtime `{}`", name.text));
        return Err(error.hint(crate::suggestion::did_you_mean(&name.text, &known)));
    };
    let default = fields.text("config_set_default")?;
    let sets = match fields.take("config_set") {
        Some(sets) => {
            draft.unknown(file, fields, &RUN_KEYS);
            Fields::of_node(file, sets, "`config_set`")?
                .rest()
                .collect()
        }
        // As it was written before there were sets.
        None => return configuration(draft, file, runtime, fields),
    };
    let Some((_, chosen)) = chosen(draft, file, sets, default)? else {
        return Err(file.error(
            &(0..0),
            "`config_set` is empty: nothing says what is started",
        ));
    };
    let fields = Fields::of_node(file, chosen, "a configuration")?;
    configuration(draft, file, runtime, fields)
}

/// The configuration that is the default; the others are told.
fn chosen(
    draft: &mut Draft,
    file: &File,
    mut sets: Vec<(Text, Node)>,
    default: Option<Text>,
) -> Result<Option<(Text, Node)>> {
    if sets.is_empty() {
        return Ok(None);
    }
    let at = match &default {
        Some(name) => match sets.iter().position(|(set, _)| set.text == name.text) {
            Some(at) => at,
            None => {
                let message = format!("there is no configuration `{}`", name.text);
                return Err(file.error(&name.span, message));
            }
        },
        None => 0,
    };
    let chosen = sets.swap_remove(at);
    if default.is_none() && !sets.is_empty() {
        let message = format!(
            "no configuration is the default: `{}` is taken",
            chosen.0.text
        );
        draft.lost(file, &chosen.0.span, &message, "");
    }
    sets.sort_by_key(|(name, _)| name.span.start);
    for (other, _) in &sets {
        draft.lost(
            file,
            &other.span,
            &format!(
                "a manifest has one way to start: `{}` is left out",
                other.text
            ),
            "write a manifest of its own for it, and name that with --manifest-path",
        );
    }
    Ok(Some(chosen))
}

/// One configuration: environment, and what is started with what arguments.
fn configuration(
    draft: &mut Draft,
    file: &File,
    runtime: &Runtime,
    mut fields: Fields<'_>,
) -> Result<Option<Text>> {
    for (key, value) in fields.map("env")? {
        draft.env.insert(key.text, value.text);
    }
    let base = fields.text("base")?;
    if let Some(base) = &base {
        draft.lost(
            file,
            &base.span,
            &format!(
                "`base: {}`: what that package starts is not known here",
                base.text
            ),
            "say what is started with `build.binary` and `args`",
        );
    }
    let bootcmd = fields.text("bootcmd")?.filter(|line| !line.text.is_empty());
    let started = match runtime.program {
        None => match bootcmd {
            Some(line) => draft.boot(file, &line),
            None if base.is_some() => None,
            None => {
                let hint = "it says what is started: bootcmd: /PROGRAM ARGUMENTS";
                return Err(fields.missing("bootcmd", runtime.keys, hint));
            }
        },
        Some(program) => {
            let words = interpreted(runtime, &mut fields, base.as_ref())?;
            let span = words.main.unwrap_or(0..0);
            draft.args = words.words;
            Some(Text {
                text: program.to_owned(),
                span,
            })
        }
    };
    draft.unknown(file, fields, runtime.keys);
    Ok(started)
}

/// What an interpreter is called with.
struct Interpreted {
    words: Vec<String>,
    /// Where the program's own file is named.
    main: Option<Range<usize>>,
}

/// The arguments of an interpreter, as the runtime's own package puts them together.
fn interpreted(
    runtime: &Runtime,
    fields: &mut Fields<'_>,
    base: Option<&Text>,
) -> Result<Interpreted> {
    let mut words = Vec::new();
    for (key, flag) in [("xms", "-Xms"), ("xmx", "-Xmx")] {
        if let Some(size) = fields.text(key)? {
            words.push(format!("{flag}{}", size.text));
        }
    }
    let classpath = fields.texts("classpath")?;
    if !classpath.is_empty() {
        let paths: Vec<String> = classpath.into_iter().map(|path| path.text).collect();
        words.extend(["-cp".to_owned(), paths.join(":")]);
    }
    for key in runtime.before {
        words.extend(split(fields.texts(key)?));
    }
    let main = fields.text("main")?;
    let shell = fields.text("shell")?;
    let is_shell = shell.is_some_and(|shell| shell.text == "true");
    match &main {
        Some(main) => {
            if runtime.name == "java" && main.text.ends_with(".jar") {
                words.push("-jar".to_owned());
            }
            words.push(main.text.clone());
        }
        None if is_shell || base.is_some() => {}
        None => {
            let hint = "it says what is started: main: FILE";
            return Err(fields.missing("main", runtime.keys, hint));
        }
    }
    words.extend(split(fields.texts("args")?));
    Ok(Interpreted {
        words,
        main: main.map(|main| main.span),
    })
}

/// Capstan puts all texts of a list on one line, which is split at blanks again.
fn split(texts: Vec<Text>) -> impl Iterator<Item = String> {
    let lines: Vec<String> = texts.into_iter().map(|text| text.text).collect();
    let words: Vec<String> = lines
        .join(" ")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// The program's file, if it lies in the package.
fn binary(draft: &mut Draft, file: &File, program: &Text, folder: &Path) {
    let path = RootPath::parse(&format!("/{}", program.text.trim_start_matches('/')));
    let guest = path.map(|path| path.to_string()).unwrap_or_default();
    let host = guest.trim_start_matches('/');
    if !host.is_empty() && fs::is_file(&folder.join(host)) {
        draft.files.remove(&guest);
        draft.binary = Binary::At(host.to_owned());
        return;
    }
    draft.binary = Binary::Elsewhere(program.text.clone());
    let message = format!(
        "`{}` does not lie in the package: `build.binary` is left open",
        program.text
    );
    let help = "name the ELF that is started, and with `--sysroot` where its libraries lie";
    draft.lost(file, &program.span, &message, help);
}
