//! `cargo unikernel lint`: will these programs, with all their libraries, run on those kernels, and if not, who is to blame.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::shell::Shell;
use crate::cli::{Exit, Global};
use crate::closure::{self, Closure, Sysroot};
use crate::error::{Error, Result};
use crate::kernel;
use crate::lint::json::{Document, Report};
use crate::lint::{self, Finding, Level, Levels, Rule, Subject, rules};
use crate::manifest::{Project, Request};
use crate::program::{self, Program};
use crate::progress::Progress;
use crate::support::Support;

/// What is looked at, and how it is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// ELF files; without any, the programs of this package are built
    #[arg(value_name = "ELF", conflicts_with = "explain")]
    programs: Vec<PathBuf>,
    /// The kernels that they shall run on, separated by commas [default: the manifest's, or builtin]
    #[arg(long, value_name = "KERNEL", value_delimiter = ',', value_parser = kernel_name)]
    kernel: Vec<String>,
    /// Where interpreter and libraries are looked up, instead of the host's own root
    #[arg(long, value_name = "FOLDER")]
    sysroot: Option<PathBuf>,
    /// How findings are told
    #[arg(long, value_name = "FORMAT", value_parser = ["human", "json"], default_value = "human")]
    message_format: String,
    /// Explain a rule
    #[arg(long, value_name = "RULE", value_parser = rule)]
    explain: Option<&'static Rule>,
    /// Take notes for warnings, and warnings for errors
    #[arg(long)]
    strict: bool,
    /// End with status 1 when a finding weighs this much: error, warning, note
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "error")]
    fail_on: Level,
}

/// A program with what the user decided about its findings.
struct Wanted {
    closure: Closure,
    levels: Levels,
    kernel: String,
}

/// Looks, and tells.
///
/// # Errors
/// When a file can't be read, a build fails, or a kernel has no support data.
pub fn run(args: &Args, _global: &Global, shell: &Shell) -> Result<Exit> {
    if let Some(rule) = args.explain {
        shell.data(lint::explain(rule).trim_end())?;
        return Ok(Exit::Done);
    }
    let mut reports = Vec::new();
    for wanted in wanted(args, shell)? {
        let kernels = match args.kernel.as_slice() {
            [] => std::slice::from_ref(&wanted.kernel),
            named => named,
        };
        for name in kernels {
            let support = kernel::support_of(name)?;
            let subject = Subject::new(&wanted.closure, &support, name);
            let findings = judged(&subject, &wanted.levels, args);
            if args.message_format == "human" {
                tell(&subject, &findings, shell);
            }
            reports.push(Report::new(&subject, &findings));
        }
    }
    let document = Document::new(reports);
    if args.message_format == "json" {
        shell.data(&document.text()?)?;
    }
    Ok(if document.has(args.fail_on) {
        Exit::Input
    } else {
        Exit::Done
    })
}

/// The programs that were named, or those that the manifest leads to.
fn wanted(args: &Args, shell: &Shell) -> Result<Vec<Wanted>> {
    if args.programs.is_empty() {
        return of_project(args, shell);
    }
    let settings = closure::Settings {
        sysroot: match &args.sysroot {
            Some(folder) => Sysroot::new(folder)?,
            None => Sysroot::default(),
        },
    };
    let programs = args.programs.iter();
    let wanted = programs.map(|path| {
        Ok(Wanted {
            closure: closure::find(Program::open(name_of(path)?, path)?, &settings)?,
            levels: Levels::default(),
            kernel: "builtin".to_owned(),
        })
    });
    wanted.collect()
}

fn of_project(args: &Args, shell: &Shell) -> Result<Vec<Wanted>> {
    let project = Project::load(Request {
        sysroot: args.sysroot.clone(),
        ..Request::default()
    })?;
    let programs = program::build(&project.program, shell)?;
    let wanted = programs.into_iter().map(|built| {
        let manifest = project.manifest(&built)?;
        Ok(Wanted {
            closure: closure::find(built.program, &manifest.closure)?,
            levels: manifest.levels,
            kernel: manifest.kernel.name.to_owned(),
        })
    });
    wanted.collect()
}

fn name_of(path: &Path) -> Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| {
        Error::input(format!(
            "`{}` has no name for a program: it is no UTF-8",
            path.display()
        ))
    })
}

fn judged(subject: &Subject<'_>, levels: &Levels, args: &Args) -> Vec<Finding> {
    let (mut findings, _) = lint::findings(subject, levels);
    if args.strict {
        for finding in &mut findings {
            finding.level = finding.level.lifted();
        }
    }
    findings
}

fn tell(subject: &Subject<'_>, findings: &[Finding], shell: &Shell) {
    for diagnostic in lint::diagnostics(findings) {
        shell.finding(&diagnostic);
    }
    let count = |level: Level| findings.iter().filter(|f| f.level == level).count();
    let told = [
        (count(Level::Deny), "error"),
        (count(Level::Warn), "warning"),
        (count(Level::Note), "note"),
    ];
    let told = told.iter().filter(|(n_found, _)| *n_found > 0);
    let told: Vec<String> = told
        .map(|(n_found, word)| format!("{n_found} {word}{}", if *n_found == 1 { "" } else { "s" }))
        .collect();
    let told = match told.as_slice() {
        [] => "nothing found".to_owned(),
        told => told.join(", "),
    };
    let program = &subject.closure.program.name;
    shell.finished(
        "Linted",
        &format!("`{program}` for {}: {told}", subject.kernel),
    );
}

fn kernel_name(word: &str) -> Result<String, String> {
    let known = kernel::names();
    if known.contains(&word) {
        return Ok(word.to_owned());
    }
    Err(format!("known: {}", known.join(", ")))
}

fn rule(word: &str) -> Result<&'static Rule, String> {
    let ids = || rules::RULES.iter().map(|rule| rule.id).collect::<Vec<_>>();
    rules::by_id(word).ok_or_else(|| format!("known: {}", ids().join(", ")))
}

fn level(word: &str) -> Result<Level, String> {
    Level::from_weight(word).ok_or_else(|| "known: error, warning, note".to_owned())
}

/// What each kernel supports, of those that the tool knows.
///
/// # Errors
/// When a kernel's support can't be read.
pub(super) fn supports() -> Result<Vec<(&'static str, Arc<Support>)>> {
    let names = kernel::names().into_iter();
    names
        .map(|name| Ok((name, kernel::support_of(name)?)))
        .collect()
}
