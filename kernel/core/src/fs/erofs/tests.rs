//! The reader on a real archive, and on the same archive broken in every byte.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::*;
use crate::testing::ARCHIVE;

fn leak(bytes: Vec<u8>) -> &'static [u8] {
    Box::leak(bytes.into_boxed_slice())
}

fn inode(archive: &Erofs, path: &str) -> Inode {
    let mut inode = archive.root().unwrap();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let entry = archive
            .find(&inode.extent, name.as_bytes())
            .unwrap()
            .expect("it is there");
        inode = archive.inode(entry.nid).unwrap();
    }
    inode
}

/// Reads all that an archive names, as far as it can be read; how many bytes.
fn read_all(archive: &Erofs, nid: Nid, depth: usize) -> u64 {
    let Ok(inode) = archive.inode(nid) else {
        return 0;
    };
    let mut read = 0;
    while read < inode.extent.size {
        let piece = archive.contents(&inode.extent, read, 1 << 20);
        if piece.is_empty() {
            break;
        }
        read += piece.len() as u64;
    }
    for index in 0..inode.extent.size.div_ceil(4096).min(4) {
        let _ = archive.page_in_place(&inode.extent, index);
    }
    let mut next = 0;
    let mut count = 0;
    while inode.is_directory()
        && depth < 4
        && count < 20
        && let Ok(Some((place, entry))) = archive.at_or_behind(&inode.extent, next)
    {
        count += 1;
        next = place + 1;
        if entry.name != b"." && entry.name != b".." {
            read += read_all(archive, entry.nid, depth + 1);
        }
    }
    read
}

#[test]
fn files_have_their_bytes() {
    let archive = Erofs::mount(ARCHIVE).unwrap();
    let small = inode(&archive, "/small");
    assert_eq!(archive.contents(&small.extent, 0, 100), b"hello, archive\n");
    assert_eq!(archive.contents(&small.extent, 7, 4), b"arch");
    assert_eq!(archive.contents(&small.extent, 15, 4), b"");
    assert_eq!(archive.contents(&small.extent, 16, 4), b"");
    assert_eq!(
        archive.contents(&inode(&archive, "/dir/deep/file").extent, 0, 9),
        b"deep"
    );
}

#[test]
fn file_longer_than_a_block_is_in_two_pieces() {
    let archive = Erofs::mount(ARCHIVE).unwrap();
    let large = inode(&archive, "/large");
    assert_eq!(large.extent.size, 5000);
    assert_eq!(archive.contents(&large.extent, 0, 5000).len(), 4096);
    assert_eq!(archive.contents(&large.extent, 4096, 5000).len(), 904);
    assert_eq!(archive.page_in_place(&large.extent, 0), Some(1));
    assert_eq!(archive.page_in_place(&large.extent, 1), None);
}

#[test]
fn names_are_found_and_listed_in_order() {
    let archive = Erofs::mount(ARCHIVE).unwrap();
    let root = archive.root().unwrap();
    assert!(archive.find(&root.extent, b"nothing").unwrap().is_none());
    assert!(archive.find(&root.extent, b"smal").unwrap().is_none());
    let mut names = Vec::new();
    let mut next = 0;
    while let Some((place, entry)) = archive.at_or_behind(&root.extent, next).unwrap() {
        next = place + 1;
        names.push(entry.name);
    }
    let expected: [&[u8]; 8] = [
        b".", b"..", b"away", b"dir", b"large", b"link", b"small", b"tmp",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_truncation_is_survived() {
    for len in (0..ARCHIVE.len()).step_by(7) {
        if let Ok(archive) = Erofs::mount(leak(ARCHIVE[..len].to_vec())) {
            read_all(&archive, archive.root, 0);
        }
    }
}

#[test]
fn every_wrong_byte_is_survived() {
    for at in 1024..4096 {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = ARCHIVE.to_vec();
            bytes[at] ^= flip;
            if let Ok(archive) = Erofs::mount(leak(bytes)) {
                read_all(&archive, archive.root, 0);
            }
        }
    }
}

#[test]
fn what_is_no_archive_is_named() {
    let changed = |at: usize, value: u8| {
        let mut bytes = ARCHIVE.to_vec();
        bytes[at] = value;
        Erofs::mount(leak(bytes)).err()
    };
    assert_eq!(changed(1024, 0), Some(ErofsError::Magic));
    assert_eq!(changed(1024 + 12, 16), Some(ErofsError::BlockSize(16)));
    assert_eq!(changed(1024 + 80, 4), Some(ErofsError::Features(4)));
    assert_eq!(Erofs::mount(&[]).err(), Some(ErofsError::Truncated));
}
