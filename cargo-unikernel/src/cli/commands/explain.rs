//! `cargo unikernel explain`: what a rule, kernel, image format, VMM or system call is.

use super::lint::supports;
use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::{Error, Result};
use crate::image::ImageFormat;
use crate::kernel::{self, KERNELS};
use crate::lint::{self, RULES, rules};
use crate::support::{Level, Support, number_of};
use crate::vmm::VMMS;

/// What is explained.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A rule (UK001; `lints`: all of them as a page), kernel, image format, VMM, system call or function of the C library
    name: String,
}

/// Explains.
///
/// # Errors
/// When there is nothing of that name.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    let name = args.name.as_str();
    let text = match rules::by_id(name) {
        Some(rule) => Some(lint::explain(rule)),
        None if name == "lints" => Some(lint::page()),
        None => registered(name),
    };
    let text = match text {
        Some(text) => text,
        None => supported(name)?.ok_or_else(|| unknown(name))?,
    };
    shell.data(text.trim_end())?;
    Ok(Exit::Done)
}

/// A kernel, format or VMM.
fn registered(name: &str) -> Option<String> {
    let kernel = KERNELS.iter().find(|kernel| kernel.name == name);
    let format = formats().find(|format| format.name == name);
    let vmm = VMMS.iter().find(|vmm| vmm.name == name);
    let found = [
        kernel.map(|kernel| ("kernel", kernel.about)),
        format.map(|format| ("image format", format.about)),
        vmm.map(|vmm| ("VMM", vmm.about)),
    ];
    if let Some((kind, about)) = found.into_iter().flatten().next() {
        return Some(format!("{name} ({kind}): {about}"));
    }
    let support = Support::of_kernel(name)?.ok()?;
    Some(format!(
        "{name} (kernel): the lint knows what version {} supports ({}); `cargo unikernel kernel support {name}` lists it",
        support.version,
        support.abi.word()
    ))
}

fn formats() -> impl Iterator<Item = &'static ImageFormat> {
    KERNELS.iter().flat_map(|kernel| kernel.formats).copied()
}

/// What each kernel does with a system call or a function.
fn supported(name: &str) -> Result<Option<String>> {
    let mut text = String::new();
    if let Some(number) = number_of(name) {
        text.push_str(&format!("{name}: system call {number} on x86-64\n"));
        for (kernel, support) in supports()? {
            let line = support.by_number(number).map_or_else(
                || "missing".to_owned(),
                |call| with_note(call.level.word(), &call.note),
            );
            text.push_str(&format!("  {kernel}: {line}\n"));
        }
    }
    for (kernel, support) in supports()? {
        if let Some(symbol) = support.symbol(name) {
            let word = match symbol.level {
                Level::Missing => "missing, the guest aborts when it is used",
                level => level.word(),
            };
            let line = with_note(word, &symbol.note);
            text.push_str(&format!(
                "{name}: function of the C library that {kernel} is\n  {kernel}: {line}\n"
            ));
        }
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn with_note(level: &str, note: &str) -> String {
    match note {
        "" => level.to_owned(),
        note => format!("{level}: {note}"),
    }
}

fn unknown(name: &str) -> Error {
    let rules = RULES.iter().map(|rule| rule.id);
    let names = kernel::names();
    let formats = formats().map(|format| format.name);
    let vmms = VMMS.iter().map(|vmm| vmm.name);
    let known: Vec<&str> = rules.chain(names).chain(formats).chain(vmms).collect();
    Error::input(format!("nothing is called `{name}`")).hint(format!(
        "known: {}, and each system call of Linux",
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds_are_known() {
        for name in ["builtin", "elf", "osv"] {
            assert!(registered(name).unwrap().starts_with(name));
        }
        assert_eq!(registered("nothing"), None);
    }

    #[test]
    fn unknown_name_tells_the_known_ones() {
        let error = unknown("UK999");
        assert!(error.hint_text().unwrap().contains("UK001"));
    }
}
