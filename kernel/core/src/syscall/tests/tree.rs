//! Random operations on the tree, and a simple model that says what must come of them.

use std::string::String;
use std::vec::Vec;

use linux_raw_sys::general as linux;

use super::model::{Meant, Model, Node};
use crate::errno::Errno;
use crate::memory::layout::numbers;
use crate::testing::Process;

/// Runs, and operations in each.
const RUNS: u64 = 120;
const OPERATIONS: usize = 250;

/// Names that paths are made of; the archive has some of them. None is a link or a device.
const NAMES: [&str; 8] = ["dir", "small", "large", "tmp", "a", "deep", "x", "y"];

/// Opens, does something, closes.
fn with_file(
    process: &mut Process,
    path: &str,
    flags: u32,
    act: impl FnOnce(&mut Process, u64) -> Result<usize, Errno>,
) -> Result<(), Errno> {
    let fd = process.open(path, flags)? as u64;
    let result = act(process, fd);
    process.call(linux::__NR_close, &[fd]).unwrap();
    result.map(|_| ())
}

/// Where something is done, and what is written there.
struct Draw {
    paths: [Vec<&'static str>; 2],
    at: u64,
    len: u64,
}

impl Draw {
    fn new(random: &mut impl FnMut() -> u64) -> Self {
        let mut path = || {
            let len = 1 + random() % 3;
            (0..len)
                .map(|_| NAMES[(random() % NAMES.len() as u64) as usize])
                .collect()
        };
        Self {
            paths: [path(), path()],
            at: random() % 12_000,
            len: 1 + random() % 6000,
        }
    }

    /// A path for the kernel.
    fn text(&self, number: usize) -> String {
        std::format!("/{}", self.paths[number].join("/"))
    }

    /// The drawn range, as far as it lies in so many bytes.
    fn within(&self, len: usize) -> std::ops::Range<usize> {
        (self.at as usize).min(len)..((self.at + self.len) as usize).min(len)
    }
}

/// What came of an operation, and what should have.
type Outcomes = (Result<(), Errno>, Result<(), Errno>);

/// Changes what is in a file.
fn change_file(process: &mut Process, model: &mut Model, draw: &Draw, operation: u64) -> Outcomes {
    let path = draw.text(0);
    let (at, len) = (draw.at, draw.len);
    match operation {
        0 | 1 => {
            let flags = linux::O_CREAT | linux::O_WRONLY;
            let found = with_file(process, &path, flags, |_, _| Ok(0));
            (found, model.create(&draw.paths[0]))
        }
        2 | 3 => {
            let bytes = std::vec![b'a' + (at % 26) as u8; len as usize];
            let from = process.put(&bytes);
            let write = |process: &mut Process, fd| {
                process.call(linux::__NR_pwrite64, &[fd, from, len, at])
            };
            let expected = model.file(&draw.paths[0]).map(|file| {
                file.resize(file.len().max((at + len) as usize), 0);
                file[draw.within(usize::MAX)].copy_from_slice(&bytes);
            });
            (with_file(process, &path, linux::O_WRONLY, write), expected)
        }
        4 => {
            let found = process.with_path(linux::__NR_truncate, &path, &[at]);
            let expected = model.file(&draw.paths[0]);
            (
                found.map(|_| ()),
                expected.map(|file| file.resize(at as usize, 0)),
            )
        }
        _ => {
            let mode = u64::from(linux::FALLOC_FL_PUNCH_HOLE | linux::FALLOC_FL_KEEP_SIZE);
            let punch = |process: &mut Process, fd| {
                process.call(linux::__NR_fallocate, &[fd, mode, at, len])
            };
            let expected = model.file(&draw.paths[0]).map(|file| {
                let hole = draw.within(file.len());
                file[hole].fill(0);
            });
            (with_file(process, &path, linux::O_WRONLY, punch), expected)
        }
    }
}

/// Changes names.
fn change_names(process: &mut Process, model: &mut Model, draw: &Draw, operation: u64) -> Outcomes {
    let [a, b] = &draw.paths;
    let path = draw.text(0);
    let second = process.text(&draw.text(1));
    let (found, expected) = match operation {
        6 => (
            process.with_path(linux::__NR_mkdir, &path, &[0o755]),
            model.make_folder(a),
        ),
        7 => (
            process.with_path(linux::__NR_rmdir, &path, &[]),
            model.remove(a, Meant::Folder),
        ),
        8 => (
            process.with_path(linux::__NR_unlink, &path, &[]),
            model.remove(a, Meant::File),
        ),
        9 | 10 => {
            let flags = if operation == 10 {
                linux::RENAME_EXCHANGE
            } else {
                0
            };
            let here = linux::AT_FDCWD as u64;
            let first = process.text(&path);
            let arguments = [here, first, here, second, u64::from(flags)];
            (
                process.call(linux::__NR_renameat2, &arguments),
                model.rename(a, b, flags),
            )
        }
        _ => (
            process.with_path(linux::__NR_link, &path, &[second]),
            model.link(a, b),
        ),
    };
    (found.map(|_| ()), expected)
}

/// Does one operation in both; what came of it must be the same.
fn step(process: &mut Process, model: &mut Model, random: &mut impl FnMut() -> u64) {
    let operation = random() % 12;
    let draw = Draw::new(random);
    let (found, expected) = match operation {
        0..=5 => change_file(process, model, &draw, operation),
        _ => change_names(process, model, &draw, operation),
    };
    let (first, second) = (draw.text(0), draw.text(1));
    assert_eq!(
        found, expected,
        "operation {operation} on {first} and {second}"
    );
}

/// Compares all that the model knows below a folder.
fn compare(process: &mut Process, model: &Model, folder: usize, path: &str) {
    let Node::Folder(names) = &model.nodes[folder] else {
        panic!("no folder");
    };
    let mut listed = process.list(if path.is_empty() { "/" } else { path });
    // What the model leaves out.
    listed.retain(|name| {
        !matches!(
            &**name,
            "." | ".." | "away" | "link" | "dev" | "proc" | "sys"
        )
    });
    listed.sort();
    let expected: Vec<&String> = names.keys().collect();
    assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "in {path}/");
    for (name, number) in names {
        let path = std::format!("{path}/{name}");
        let to = process.room(144);
        process.with_path(linux::__NR_lstat, &path, &[to]).unwrap();
        let stat = process.bytes(to, 144);
        let word = |at| unikernel_abi::bytes::u64_at(&stat, at).unwrap();
        assert_eq!(word(16), model.links(*number), "names of {path}");
        match &model.nodes[*number] {
            Node::Folder(_) => compare(process, model, *number, &path),
            Node::File(bytes) => {
                assert_eq!(word(48), bytes.len() as u64, "length of {path}");
                let fd = process.open(&path, linux::O_RDONLY).unwrap() as u64;
                let to = process.room(20_000);
                let len = process.call(linux::__NR_read, &[fd, to, 20_000]).unwrap();
                process.call(linux::__NR_close, &[fd]).unwrap();
                assert!(process.bytes(to, len) == *bytes, "contents of {path}");
            }
        }
    }
}

#[test]
fn random_operations_do_what_the_model_says() {
    for seed in 0..RUNS {
        let mut random = numbers(seed);
        let (mut process, mut model) = (Process::new(), Model::new());
        for _ in 0..OPERATIONS {
            step(&mut process, &mut model, &mut random);
        }
        compare(&mut process, &model, 0, "");
    }
}
