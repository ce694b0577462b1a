//! The stages in order: from a project to images.

use std::path::PathBuf;

use crate::assemble::{Image, assemble};
use crate::error::{Error, Result};
use crate::kernel::KernelFile;
use crate::launch::Launch;
use crate::manifest::{Manifest, Project};
use crate::program::{self, Built};
use crate::progress::Progress;
use crate::root::plan::{self, Plan};
use crate::support::Support;
use crate::symbols::Symbols;
use crate::{closure, fs, lint};

/// An image, with what it was made from.
#[derive(Debug, Clone)]
pub struct Made {
    /// What the user wanted.
    pub manifest: Manifest,
    /// Where the program lies that is in it.
    pub program: PathBuf,
    /// What the lint said.
    pub lint: LintSummary,
    /// The image.
    pub image: Image,
    /// Names and lines for what it reports.
    pub symbols: Symbols,
}

/// What the lint said of a program, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintSummary {
    /// Findings that did not stand in the way.
    pub findings: usize,
    /// Findings that the manifest gives a reason for.
    pub waived: usize,
}

/// What an image would be made of.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What the user wants.
    pub manifest: Manifest,
    /// The kernel.
    pub kernel: KernelFile,
    /// The program that the lint let pass.
    pub linted: lint::Linted,
    /// The root tree.
    pub root: Plan,
    /// What is started.
    pub launch: Launch,
    /// Where the images go, one for each format.
    pub paths: Vec<PathBuf>,
    /// Files that the program was built from, as far as they are known: sources and headers.
    pub inputs: Vec<PathBuf>,
    /// Environment variables that the build looked at.
    pub variables: Vec<String>,
}

/// Builds all programs of a project and makes an image of each, in each format.
///
/// # Errors
/// Whatever a stage refuses.
pub fn build(project: &Project, progress: &dyn Progress) -> Result<Vec<Made>> {
    let _lock = lock(project, progress)?;
    let mut made = Vec::new();
    for planned in plan_all(project, progress)? {
        made.extend(make(&planned, progress)?);
    }
    Ok(made)
}

/// The stages up to the root tree: everything but writing images.
///
/// # Errors
/// Whatever a stage refuses, or when two programs would be one file.
pub fn plan(project: &Project, progress: &dyn Progress) -> Result<Vec<Planned>> {
    let _lock = lock(project, progress)?;
    plan_all(project, progress)
}

/// Of two builds into the same folder, one waits.
fn lock(project: &Project, progress: &dyn Progress) -> Result<fs::Lock> {
    fs::lock(&project.program.artefacts(), || {
        progress.started("Blocking", "waiting for file lock on artefact folder");
    })
}

fn plan_all(project: &Project, progress: &dyn Progress) -> Result<Vec<Planned>> {
    let mut all: Vec<Planned> = Vec::new();
    for built in program::build(&project.program, progress)? {
        let planned = plan_one(project.manifest(&built)?, built, progress)?;
        if let Some(path) = planned
            .paths
            .iter()
            .find(|path| all.iter().any(|other| other.paths.contains(path)))
        {
            return Err(Error::input(format!("two programs would become `{}`", path.display()))
                .hint("give them names of their own: [package.metadata.unikernel.bin.NAME] name = \"...\""));
        }
        all.push(planned);
    }
    if all.is_empty() {
        return Err(Error::input("nothing was built that could be started")
            .hint("a program is a binary, or a `cdylib` that exports `main`"));
    }
    Ok(all)
}

fn plan_one(manifest: Manifest, built: Built, progress: &dyn Progress) -> Result<Planned> {
    let paths = paths(&manifest, &built);
    let mut program = built.program;
    program.name.clone_from(&manifest.name);
    let kernel = KernelFile::open(manifest.kernel, &manifest.origin)?;
    let closure = closure::find(program, &manifest.closure)?;
    let support = kernel.support()?;
    let linted = lint::check(
        closure,
        manifest.kernel.name,
        &support,
        &manifest.levels,
        progress,
    )?;
    let linted = manifest.kernel.fit(linted, &support)?;
    tell_defects(&support, &linted, progress);
    if !manifest.kernel.is_reported(&linted) {
        progress.note(&format!(
            "{}: a static program does not tell how it ends: the exit status of a run will be 125",
            manifest.kernel.name
        ));
    }
    let root = plan::plan(&manifest.root, &linted)?;
    let launch = Launch::new(
        linted.closure(),
        manifest.args.clone(),
        manifest.env.clone(),
        manifest.network,
    )?;
    progress.detail(&root.listing());
    Ok(Planned {
        manifest,
        kernel,
        linted,
        root,
        launch,
        paths,
        inputs: built.inputs,
        variables: built.variables,
    })
}

/// Tells what the program meets of the kernel's known defects, and what was done about it.
fn tell_defects(support: &Support, linted: &lint::Linted, progress: &dyn Progress) {
    let kernel = &support.kernel;
    for (defect, symbol) in support.met(linted.closure()) {
        let cure = defect.cure.as_deref().unwrap_or("there is no cure");
        progress.note(&format!(
            "{kernel}: {} (`{symbol}` is imported); {cure}",
            defect.about
        ));
    }
    let general = support
        .defects
        .iter()
        .filter(|defect| defect.symbols.is_empty());
    for defect in general {
        let cure = defect.cure.as_deref().unwrap_or("there is no cure");
        progress.detail(&format!("{kernel}: {}; {cure}", defect.about));
    }
}

/// Writes the images.
///
/// # Errors
/// When one can't be written, or is larger than its budget.
pub fn make(planned: &Planned, progress: &dyn Progress) -> Result<Vec<Made>> {
    let mut made = Vec::new();
    for path in &planned.paths {
        let (mut image, written) = assemble(
            &planned.kernel,
            &planned.linted,
            &planned.root.tree,
            &planned.launch,
            planned.manifest.budget,
            path,
        )?;
        if written == fs::Written::Changed {
            progress.started("Packed", &planned.manifest.name);
        }
        image.starts_with(&planned.kernel);
        let mut symbols = Symbols::of_tree(&planned.root.tree);
        symbols.insert(&planned.launch.name, image.unstripped());
        made.push(Made {
            manifest: planned.manifest.clone(),
            program: planned.linted.program().path.clone(),
            lint: LintSummary {
                findings: planned.linted.findings().len(),
                waived: planned.linted.waived().len(),
            },
            image,
            symbols,
        });
    }
    Ok(made)
}

/// `<target-dir>/unikernel/<profile>/<kernel>/[examples/]<name>.<ext>`.
fn paths(manifest: &Manifest, built: &Built) -> Vec<PathBuf> {
    let mut folder = built.artefacts.join(manifest.kernel.name);
    if built.is_example {
        folder.push("examples");
    }
    let name = &manifest.name;
    let formats = manifest.formats.iter();
    formats
        .map(|format| folder.join(format!("{name}.{}", format.extension)))
        .collect()
}
