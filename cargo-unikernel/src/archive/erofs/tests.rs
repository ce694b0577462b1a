//! The archive is read back by erofs-utils, which knows nothing of us.

use std::io::Write;
use std::path::Path;

use super::*;
use crate::fs;
use crate::root::{Mode, Source};
use crate::tool::Invocation;

fn path(text: &str) -> RootPath {
    RootPath::parse(text).unwrap()
}

fn file(mode: u16, content: impl Into<Vec<u8>>) -> Node {
    Node::File {
        mode: Mode(mode),
        source: Source::from(content.into()),
    }
}

fn link(target: &str) -> Node {
    Node::Link {
        target: target.to_owned(),
    }
}

/// A folder with the archive in it and the tree that `fsck.erofs` made of it.
fn extracted(tree: &RootTree) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let plan = plan(tree).unwrap();
    fs::write_atomically(&archive, |file| plan.write(file)).unwrap();
    assert_eq!(fs::len(&archive).unwrap(), plan.len());
    assert_eq!(plan.len() % BLOCK, 0);
    let target = folder.path().join("tree");
    let mut extract = std::ffi::OsString::from("--extract=");
    extract.push(&target);
    let fsck = Invocation::new("fsck.erofs")
        .args([extract, "--preserve-perms".into()])
        .arg("--no-preserve-owner")
        .arg(&archive);
    let captured = fsck.run_captured(None).unwrap();
    let said = String::from_utf8_lossy(&captured.stderr).into_owned()
        + &String::from_utf8_lossy(&captured.stdout);
    assert!(captured.status.success(), "{said}");
    folder
}

fn check(tree: &RootTree) {
    let folder = extracted(tree);
    let root = folder.path().join("tree");
    let mut n_nodes = 0;
    for (path, node) in tree.iter() {
        check_node(&root.join(path.to_string().trim_start_matches('/')), node);
        n_nodes += 1;
    }
    assert_eq!(count(&root), n_nodes, "nothing but the tree is in it");
}

fn check_node(at: &Path, node: &Node) {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::link_metadata(at).unwrap();
    let permissions = metadata.permissions().mode() & 0o7777;
    match node {
        Node::Folder { mode } => {
            assert!(metadata.is_dir(), "{}", at.display());
            assert_eq!(permissions, u32::from(mode.0), "{}", at.display());
        }
        Node::File { mode, source } => {
            let mut expected = Vec::new();
            let mut plan = Plan::default();
            plan.place("file", 1, source.clone());
            plan.write(&mut expected).unwrap();
            assert!(fs::read(at).unwrap() == expected, "{}", at.display());
            assert_eq!(permissions, u32::from(mode.0), "{}", at.display());
        }
        Node::Link { target } => {
            assert_eq!(fs::link_target(at).unwrap(), Path::new(target));
        }
    }
}

/// Nodes at and below `at`.
fn count(at: &Path) -> usize {
    if !fs::link_metadata(at).unwrap().is_dir() {
        return 1;
    }
    let names = fs::list(at).unwrap();
    1 + names
        .iter()
        .map(|name| count(&at.join(name)))
        .sum::<usize>()
}

#[test]
fn empty_tree() {
    check(&RootTree::default());
}

#[test]
fn files_of_every_size_around_a_block() {
    let mut tree = RootTree::default();
    for len in [
        0, 1, 31, 32, 4063, 4064, 4065, 4095, 4096, 4097, 8191, 8192, 8193, 70_000,
    ] {
        let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        tree.insert(path(&format!("/plain-{len}")), file(0o644, content.clone()))
            .unwrap();
        tree.insert(path(&format!("/run-{len}")), file(0o755, content))
            .unwrap();
    }
    check(&tree);
}

#[test]
fn many_files_in_folders_of_many_blocks() {
    let mut tree = RootTree::default();
    for i in 0..1000 {
        let at = format!("/many/a-rather-long-name-of-a-file-{i}");
        tree.insert(path(&at), file(0o600, format!("content of {i}")))
            .unwrap();
    }
    for i in 0..300 {
        tree.insert(path(&format!("/folders/{i}/x")), file(0o400, ""))
            .unwrap();
    }
    // Sorts before `.` and `..`, which must not come first then.
    tree.insert(path("/many/+plus"), file(0o644, "+")).unwrap();
    check(&tree);
}

#[test]
fn deep_folders_and_long_names() {
    let mut tree = RootTree::default();
    tree.insert(path(&"/d".repeat(500)), Node::Folder { mode: Mode(0o700) })
        .unwrap();
    for i in 0..40 {
        let name = format!("/long/{i:02}{}", "n".repeat(253));
        tree.insert(path(&name), file(0o644, "x")).unwrap();
    }
    tree.insert(path("/ümlaut/文件"), file(0o644, "utf-8"))
        .unwrap();
    check(&tree);
}

#[test]
fn links_short_and_long() {
    let mut tree = RootTree::default();
    tree.insert(path("/short"), link("a")).unwrap();
    tree.insert(path("/inline"), link(&"i".repeat(4000)))
        .unwrap();
    tree.insert(path("/block"), link(&"b/".repeat(2040)))
        .unwrap();
    check(&tree);
}

#[test]
fn large_host_file_is_streamed() {
    let folder = tempfile::tempdir().unwrap();
    let host = folder.path().join("large");
    let block: Vec<u8> = (0..1 << 20).map(|i| (i * 7 % 253) as u8).collect();
    fs::write_atomically(&host, |file| {
        for _ in 0..100 {
            file.write_all(&block).unwrap();
        }
        Ok(())
    })
    .unwrap();
    let mut tree = RootTree::default();
    let source = Source::HostFile {
        len: fs::len(&host).unwrap(),
        path: host,
    };
    let mode = Mode(0o644);
    tree.insert(path("/data"), Node::File { mode, source })
        .unwrap();
    assert_eq!(plan(&tree).unwrap().len(), 100 * (1 << 20) + 2 * BLOCK);
    check(&tree);
}

#[test]
fn same_tree_gives_the_same_bytes() {
    let mut tree = RootTree::default();
    tree.insert(path("/a/b"), file(0o644, "b")).unwrap();
    tree.insert(path("/a/c"), link("b")).unwrap();
    assert_eq!(
        plan(&tree).unwrap().to_string(),
        "\
0x00000000       4096 superblock
0x00001020         32 inode /
0x00001040         40 /
0x00001080         32 inode /a
0x000010a0         53 /a
0x000010e0         32 inode /a/b
0x00001100          1 /a/b
0x00001120         32 inode /a/c
0x00001140          1 /a/c
"
    );
    assert_eq!(
        plan(&tree).unwrap().digest().unwrap(),
        14_183_419_723_766_405_789
    );
}

#[test]
fn too_large_file_is_refused_by_name() {
    let mut tree = RootTree::default();
    let source = Source::HostFile {
        path: "/nowhere".into(),
        len: 1 << 32,
    };
    let mode = Mode(0o644);
    tree.insert(path("/huge"), Node::File { mode, source })
        .unwrap();
    let error = plan(&tree).unwrap_err().to_string();
    assert!(
        error.contains("`/huge`") && error.contains("4 GiB"),
        "{error}"
    );
}
