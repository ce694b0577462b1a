//! Archives written, described and read back.

use super::read::{begins, content, list};
use super::*;
use crate::archive::EntryKind;
use crate::image::Span;
use crate::root::{Mode, Source};

fn path(text: &str) -> RootPath {
    RootPath::parse(text).unwrap()
}

fn tree(files: &[(&str, &[u8])], links: &[(&str, &str)], folders: &[&str]) -> RootTree {
    let mut tree = RootTree::default();
    for (at, bytes) in files {
        let source = Source::from(bytes.to_vec());
        let mode = Mode(0o644);
        tree.insert(path(at), Node::File { mode, source }).unwrap();
    }
    for (at, target) in links {
        let target = (*target).to_owned();
        tree.insert(path(at), Node::Link { target }).unwrap();
    }
    for at in folders {
        let mode = Mode(0o755);
        tree.insert(path(at), Node::Folder { mode }).unwrap();
    }
    tree
}

fn written(tree: &RootTree) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan(tree).unwrap().write(&mut bytes).unwrap();
    bytes
}

fn whole(bytes: &[u8]) -> Span {
    Span {
        start: 0,
        len: bytes.len() as u64,
    }
}

fn sample() -> RootTree {
    tree(
        &[
            ("/hello", &[b'h'; 513]),
            ("/etc/empty", b""),
            ("/etc/fstab", b"none /dev devfs"),
        ],
        &[("/etc/mnttab", "/proc/mounts")],
        &["/tmp"],
    )
}

#[test]
fn described_piece_by_piece() {
    assert_eq!(
        plan(&sample()).unwrap().to_string(),
        "\
0x00000000        512 superblock
0x00000200         15 /etc/fstab
0x00000400        513 /hello
0x00000800        325 structure
"
    );
}

#[test]
fn superblock_counts_what_is_there() {
    let bytes = written(&sample());
    assert!(begins(&bytes));
    assert_eq!(bytes.len() % 512, 0);
    let words: Vec<u64> = bytes[..64]
        .chunks(8)
        .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
        .collect();
    // Structure area from block 4, one block; six names, one link, seven inodes.
    assert_eq!(words, [0xdead_bead, 1, 512, 4, 1, 6, 1, 7]);
    assert!(bytes[64..512].iter().all(|byte| *byte == 0));
}

#[test]
fn root_is_the_first_inode_and_each_inode_knows_its_number() {
    let bytes = written(&sample());
    let inodes = &bytes[4 * 512 + 325 - 7 * INODE..4 * 512 + 325];
    for (number, inode) in (1_u64..).zip(inodes.chunks(INODE)) {
        assert_eq!(inode[8..16], number.to_le_bytes());
    }
    assert_eq!(inodes[..8], FOLDER.to_le_bytes());
}

#[test]
fn read_back_as_it_was() {
    let bytes = written(&sample());
    let entries = list(&*bytes, whole(&bytes)).unwrap();
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/",
            "/etc",
            "/etc/empty",
            "/etc/fstab",
            "/etc/mnttab",
            "/hello",
            "/tmp"
        ]
    );
    assert_eq!(entries[2].kind, EntryKind::File(0));
    assert_eq!(entries[4].kind, EntryKind::Link("/proc/mounts".to_owned()));
    assert_eq!(entries[6].kind, EntryKind::Folder);
    assert_eq!(content(&*bytes, &entries[5], 513).unwrap(), [b'h'; 513]);
    assert!(content(&*bytes, &entries[5], 512).is_err());
}

#[test]
fn same_tree_gives_the_same_bytes() {
    assert_eq!(written(&sample()), written(&sample()));
}

#[test]
fn target_that_is_too_long_is_named() {
    let long = "x".repeat(4096);
    let error = plan(&tree(&[], &[("/link", &long)], &[])).unwrap_err();
    assert!(
        error.to_string().contains("`/link` has 4096 bytes"),
        "{error}"
    );
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let bytes = written(&sample());
    for at in (0..64).chain(4 * 512..bytes.len()) {
        for bit in 0..8 {
            let mut copy = bytes.clone();
            copy[at] ^= 1 << bit;
            let _ = list(&*copy, whole(&copy));
        }
    }
    for len in 0..bytes.len() {
        let cut = &bytes[..len];
        assert!(
            list(cut, whole(cut)).is_err() || len >= 4 * 512 + 325,
            "{len}"
        );
    }
    // A folder that holds the root.
    let mut copy = bytes.clone();
    copy[4 * 512..4 * 512 + 8].copy_from_slice(&1_u64.to_le_bytes());
    let error = list(&*copy, whole(&copy)).unwrap_err();
    assert!(error.to_string().contains("in itself"), "{error}");
}
