//! What is done with the store: add, fetch, list, path, remove.

use std::path::Path;

use super::FetchArgs;
use crate::cli::shell::Shell;
use crate::error::Result;
use crate::fs::Written;
use crate::progress::Progress;
use crate::store::{self, Kernel, KernelPart, Request, Source, Store};
use crate::{env, fs, kernel};

/// Stores what a file, folder or archive holds.
pub(super) fn add(path: &Path, name: &str, shell: &Shell) -> Result<()> {
    store::check_name(name)?;
    let source = Source {
        from: fs::absolute(path)?.display().to_string(),
        sha256: None,
    };
    keep(path, name, &source, shell)
}

/// Fetches, unless it was fetched before.
pub(super) fn fetch(args: &FetchArgs, shell: &Shell) -> Result<()> {
    let source = Source {
        from: args.url.clone(),
        sha256: Some(args.sha256.clone()),
    };
    store::check_name(&args.name)?;
    let store = Store::open()?;
    let is_it = |kernel: &&Kernel| {
        let files = || kernel.files.values();
        kernel.name == args.name
            && files().any(|file| file.facts.source.sha256 == source.sha256)
            && files().all(|file| file.check().is_ok())
    };
    if let Some(kernel) = store.list()?.iter().find(is_it) {
        told(kernel, Written::Unchanged, shell);
        return Ok(());
    }
    let offline = env::text("CARGO_NET_OFFLINE")?.is_some_and(|value| value == "true");
    let request = Request {
        url: args.url.clone(),
        sha256: args.sha256.clone(),
        mirror: match &args.mirror {
            Some(mirror) => Some(mirror.clone()),
            None => env::text("UNIKERNEL_MIRROR")?,
        },
        offline: args.offline || offline,
    };
    let fetched = store::fetch(&request, shell)?;
    keep(fetched.path(), &args.name, &source, shell)
        .map_err(|error| error.context(format!("`{}` was fetched, but", args.url)))?;
    fetched.remove()
}

fn keep(path: &Path, name: &str, source: &Source, shell: &Shell) -> Result<()> {
    let (kernel, written) = Store::open()?.add(&store::bring(path)?, name, source)?;
    told(&kernel, written, shell);
    Ok(())
}

fn told(kernel: &Kernel, written: Written, shell: &Shell) {
    let files: Vec<&str> = kernel.files.keys().map(String::as_str).collect();
    let verb = match written {
        Written::Changed => "Stored",
        Written::Unchanged => "Unchanged",
    };
    let Kernel { kind, name, .. } = kernel;
    shell.finished(verb, &format!("`{kind}/{name}` ({})", files.join(", ")));
}

/// A line for each file. What is chosen by kind alone is marked at the end, as toolchains are.
pub(super) fn list(shell: &Shell) -> Result<()> {
    let store = Store::open()?;
    let kernels = store.list()?;
    for kind in store::kinds() {
        let chosen = store.chosen(kind)?;
        let of_kind = || kernels.iter().filter(|kernel| kernel.kind == kind);
        for Kernel { name, files, .. } in of_kind() {
            let is_chosen = chosen.as_ref() == Some(name);
            let mark = if is_chosen { " (default)" } else { "" };
            for (file, KernelPart { facts, .. }) in files {
                shell.data(&format!(
                    "{kind}/{name} {file} {} {} {}{mark}",
                    facts.sha256, facts.len, facts.source.from
                ))?;
            }
        }
        if chosen.is_none() && of_kind().next().is_some() {
            shell.note(&format!(
                "of several kernels of kind `{kind}` none is called `{}`: choose one by --kernel {kind}/NAME",
                store::DEFAULT
            ));
        }
    }
    if kernels.is_empty() {
        shell.note(&format!(
            "there is no kernel in `{}`",
            store.folder().display()
        ));
    }
    Ok(())
}

/// The folder of a kernel, or one of its files.
pub(super) fn path(kernel: &str, file: Option<&str>, shell: &Shell) -> Result<()> {
    let found = found(kernel)?;
    let path = match file {
        Some(file) => {
            let part = found.part(file)?;
            part.check_there()?;
            part.path.clone()
        }
        None => {
            let folder = Store::open()?.folder().to_owned();
            folder.join(&found.kind).join(&found.name)
        }
    };
    shell.data(&path.display().to_string())
}

/// Removes a kernel: by its name, or the only one of a kind.
pub(super) fn remove(kernel: &str, shell: &Shell) -> Result<()> {
    let (kind, name) = match kernel.split_once('/') {
        // Also one whose record is broken.
        Some((kind, name)) => (kind.to_owned(), name.to_owned()),
        None => {
            let only = Store::open()?.only(kernel)?;
            (only.kind, only.name)
        }
    };
    Store::open()?.remove(&kind, &name)?;
    shell.finished("Removed", &format!("`{kind}/{name}`"));
    Ok(())
}

/// The kernel that `KIND` or `KIND/NAME` means.
fn found(words: &str) -> Result<Kernel> {
    let (kind, name) = kernel::split(words);
    store::find(kind, name)
}
