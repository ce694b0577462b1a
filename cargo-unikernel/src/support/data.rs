//! Support data: what was read from a kernel's source and confirmed by booting, as reviewed TOML.
//!
//! How to add a kernel: `support/KERNEL.toml` and its line in [`KERNELS`]. Every name is in one level only; `tolerated` says of
//! a name, listed as missing or not at all, why programs carry on without it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::calls::relocation_number;
use super::{Abi, Call, Defect, ElfSupport, Level, MachineSupport, Support, Symbol, number_of};
use crate::error::{Error, Result};
use crate::program::Shape;

/// The kernels that the tool has data for, sorted, each with the text.
pub static KERNELS: &[(&str, &str)] = &[
    (
        "nanos",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/support/nanos.toml")),
    ),
    (
        "osv",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/support/osv.toml")),
    ),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kernel: String,
    version: String,
    abi: Abi,
    elf: Elf,
    #[serde(default)]
    machine: MachineSupport,
    #[serde(default)]
    defects: Vec<Defect>,
    #[serde(default)]
    syscalls: Levels,
    #[serde(default)]
    symbols: Levels,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Elf {
    shapes: Vec<ShapeWord>,
    #[serde(default)]
    libraries: Vec<String>,
    executable_tls: Option<u64>,
    relocations: Option<Vec<String>>,
    #[serde(default)]
    text_relocations: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShapeWord {
    StaticPie,
    Pie,
    Shared,
    Fixed,
}

/// Names by level: those of `full` need no note.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Levels {
    full: Vec<String>,
    partial: BTreeMap<String, String>,
    ignored: BTreeMap<String, String>,
    stub: BTreeMap<String, String>,
    missing: BTreeMap<String, String>,
    abort: BTreeMap<String, String>,
    tolerated: BTreeMap<String, String>,
}

/// Reads the data of the kernel `name`.
pub(super) fn parse(name: &str, text: &str) -> Result<Support> {
    let broken = |why: String| Error::internal(format!("the support data of `{name}`: {why}"));
    let file: File = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
    if file.kernel != name {
        return Err(broken(format!("it is `{}`'s", file.kernel)));
    }
    let mut calls = BTreeMap::new();
    for (name, symbol) in graded(file.syscalls).map_err(broken)? {
        let number = number_of(&name).ok_or_else(|| broken(format!("no system call `{name}`")))?;
        let call = Call {
            number,
            name,
            level: symbol.level,
            note: symbol.note,
            tolerated: symbol.tolerated,
        };
        calls.insert(number, call);
    }
    Ok(Support {
        kernel: file.kernel,
        version: file.version,
        abi: file.abi,
        elf: file.elf.known().map_err(broken)?,
        machine: file.machine,
        defects: file.defects,
        calls,
        symbols: graded(file.symbols).map_err(broken)?,
    })
}

/// Each name with its level; a name in two of them is an error.
fn graded(levels: Levels) -> Result<BTreeMap<String, Symbol>, String> {
    let full = levels.full.into_iter().map(|name| (name, String::new()));
    let all = [
        (Level::Full, full.collect::<Vec<_>>()),
        (Level::Partial, levels.partial.into_iter().collect()),
        (Level::Ignored, levels.ignored.into_iter().collect()),
        (Level::Stub, levels.stub.into_iter().collect()),
        (Level::Missing, levels.missing.into_iter().collect()),
        (Level::Abort, levels.abort.into_iter().collect()),
    ];
    let mut graded = BTreeMap::new();
    for (level, names) in all {
        for (name, note) in names {
            if level != Level::Full && note.is_empty() {
                return Err(format!("`{name}` is {} without a note", level.word()));
            }
            let symbol = Symbol {
                level,
                note,
                tolerated: None,
            };
            if graded.insert(name.clone(), symbol).is_some() {
                return Err(format!("`{name}` has two levels"));
            }
        }
    }
    for (name, why) in levels.tolerated {
        let symbol = graded.entry(name).or_insert(Symbol {
            level: Level::Missing,
            note: String::new(),
            tolerated: None,
        });
        symbol.tolerated = Some(why);
    }
    Ok(graded)
}

impl Elf {
    fn known(self) -> Result<ElfSupport, String> {
        let shapes = self.shapes.into_iter().map(|word| match word {
            ShapeWord::StaticPie => Shape::StaticPie,
            ShapeWord::Pie => Shape::Pie,
            ShapeWord::Shared => Shape::Shared,
            ShapeWord::Fixed => Shape::Fixed,
        });
        let libraries: BTreeSet<&String> = self.libraries.iter().collect();
        if libraries.len() != self.libraries.len() {
            return Err("a library is named twice".to_owned());
        }
        let relocation = |name: String| {
            relocation_number(&name).ok_or_else(|| format!("no relocation `{name}`"))
        };
        let relocations = self.relocations.map(|names| {
            let numbers = names.into_iter().map(relocation);
            numbers.collect::<Result<Vec<u32>, String>>()
        });
        Ok(ElfSupport {
            shapes: shapes.collect(),
            libraries: self.libraries,
            executable_tls: self.executable_tls,
            relocations: relocations.transpose()?,
            text_relocations: self.text_relocations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_read_and_sorted() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("support");
        let present: Vec<String> = crate::fs::list(&folder).unwrap();
        let listed: Vec<String> = KERNELS
            .iter()
            .map(|(name, _)| format!("{name}.toml"))
            .collect();
        assert_eq!(present, listed);
        for (name, text) in KERNELS {
            parse(name, text).unwrap();
            let file: File = toml::from_str(text).unwrap();
            assert!(file.symbols.full.is_sorted(), "{name}: symbols");
            let numbers = file.syscalls.full.iter().map(|call| number_of(call));
            assert!(numbers.is_sorted(), "{name}: system calls");
        }
    }

    #[test]
    fn level_note_and_tolerance_of_each_name() {
        let osv = Support::of_kernel("osv").unwrap().unwrap();
        assert_eq!(osv.abi, Abi::LibcSymbols);
        assert_eq!(osv.symbol("fork").unwrap().level, Level::Stub);
        assert_eq!(osv.symbol("posix_spawn").unwrap().level, Level::Missing);
        assert_eq!(osv.symbol("sigsuspend").unwrap().level, Level::Abort);
        assert!(osv.symbol("__cxa_finalize").unwrap().tolerated.is_some());
        assert!(osv.is_library("libc.so.6") && !osv.is_library("libssl.so.3"));
        let nanos = Support::of_kernel("nanos").unwrap().unwrap();
        assert_eq!(nanos.by_number(73).unwrap().level, Level::Ignored);
        assert_eq!(nanos.by_number(57), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |change: &str, expected: &str| {
            let head = "kernel = \"a\"\nversion = \"1\"\nabi = \"linux-syscall\"\n";
            let error = parse("a", &format!("{head}{change}")).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        let elf = "[elf]\nshapes = []\n";
        check("[elf]\nshapes = []\nsections = 1", "sections");
        check(
            &format!("{elf}[syscalls]\nfull = [\"reed\"]"),
            "no system call `reed`",
        );
        check(
            &format!("{elf}[syscalls]\nfull = [\"read\"]\n[syscalls.stub]\nread = \"0\""),
            "two levels",
        );
        check(
            &format!("{elf}[syscalls.stub]\nread = \"\""),
            "without a note",
        );
        check(
            "[elf]\nshapes = []\nrelocations = [\"65\"]",
            "no relocation `65`",
        );
    }
}
