//! The file is read by an independent reader; its code runs where it stands.

extern crate std;

use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use goblin::elf::Elf;
use goblin::elf::dynamic::{DT_VERDEF, DT_VERSYM};

use super::*;

const NAMES: [&str; 5] = [
    "clock_getres",
    "clock_gettime",
    "getcpu",
    "gettimeofday",
    "time",
];

fn symbols() -> BTreeMap<String, (u64, u64)> {
    let elf = Elf::parse(image()).unwrap();
    let names = elf.dynsyms.iter().filter(|symbol| symbol.st_value != 0);
    names
        .map(|symbol| {
            let name = elf.dynstrtab.get_at(symbol.st_name).unwrap();
            (name.into(), (symbol.st_value, symbol.st_size))
        })
        .collect()
}

#[test]
fn every_function_has_both_names() {
    let symbols = symbols();
    assert_eq!(symbols.len(), 2 * NAMES.len());
    for name in NAMES {
        let (start, len) = symbols[name];
        assert_eq!(symbols[&std::format!("__vdso_{name}")], (start, len));
        assert!(len > 0 && start % 16 == 0, "{name}");
    }
}

#[test]
fn symbols_have_the_version_that_is_asked_for() {
    let elf = Elf::parse(image()).unwrap();
    assert_eq!(elf.soname, Some("linux-vdso.so.1"));
    let hash = |name: &str| {
        name.bytes().fold(0_u32, |hash, byte| {
            let hash = (hash << 4).wrapping_add(u32::from(byte));
            let high = hash & 0xf000_0000;
            (hash ^ high >> 24) & !high
        })
    };
    let dynamic = elf.dynamic.as_ref().unwrap();
    let at = |tag| dynamic.dyns.iter().find(|d| d.d_tag == tag).unwrap().d_val as usize;
    let word = |at: usize| u32::from_le_bytes(image()[at..at + 4].try_into().unwrap());
    let half = |at: usize| word(at) & 0xffff;
    let mut definition = at(DT_VERDEF);
    for (index, name) in [(1, "linux-vdso.so.1"), (2, "LINUX_2.6")] {
        let auxiliary = definition + word(definition + 12) as usize;
        assert_eq!(half(definition + 4), index);
        assert_eq!(word(definition + 8), hash(name));
        assert_eq!(elf.dynstrtab.get_at(word(auxiliary) as usize), Some(name));
        definition += word(definition + 16) as usize;
    }
    let versions = at(DT_VERSYM);
    assert_eq!(half(versions), 0);
    assert!((1..=2 * NAMES.len()).all(|n| half(versions + 2 * n) == 2));
}

#[test]
fn the_whole_file_is_one_segment_of_a_page() {
    let elf = Elf::parse(image()).unwrap();
    let loaded: Vec<_> = elf
        .program_headers
        .iter()
        .filter(|h| h.p_type == 1)
        .collect();
    assert_eq!(loaded.len(), 1);
    assert_eq!((loaded[0].p_offset, loaded[0].p_vaddr), (0, 0));
    assert!(loaded[0].p_filesz < PAGE as u64);
    assert!(!loaded[0].is_write());
}

#[test]
fn data_is_read_in_its_order() {
    let data = Data {
        scale: 1,
        start_ticks: 2,
        start_unix: 3,
    };
    assert_eq!(data.encode()[8], 2);
    assert_eq!(data.encode()[16], 3);
}
