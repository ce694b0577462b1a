//! Making, moving and removing names.

use alloc::rc::Rc;
use std::string::String;
use std::vec::Vec;

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::fs::directory::{Beneath, directory};
use crate::fs::node::Mount;
use crate::fs::tree::Tree;
use crate::testing::Process;
use crate::time::Timestamp;

#[test]
fn directory_lists_archive_and_overlay() {
    let mut process = Process::new();
    process.make("/dir/b", "");
    process.make("/dir/zz", "");
    assert_eq!(process.list("/dir"), [".", "..", "a", "deep", "b", "zz"]);
    assert_eq!(
        process.list("/"),
        [
            ".", "..", "away", "dir", "large", "link", "small", "tmp", "dev", "proc", "sys"
        ]
    );
}

#[test]
fn removed_name_of_the_archive_stays_away() {
    let mut process = Process::new();
    process
        .with_path(linux::__NR_unlink, "/dir/a", &[])
        .unwrap();
    assert_eq!(process.cat("/dir/a"), Err(Errno::ENOENT));
    assert_eq!(process.list("/dir"), [".", "..", "deep"]);
    process.make("/dir/a", "again");
    assert_eq!(process.cat("/dir/a").unwrap(), "again");
    assert_eq!(process.list("/dir"), [".", "..", "a", "deep"]);
}

#[test]
fn removed_file_lives_while_it_is_open() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDONLY).unwrap();
    process
        .with_path(linux::__NR_unlink, "/small", &[])
        .unwrap();
    assert_eq!(process.read_fd(fd, 5).unwrap(), "hello");
}

#[test]
fn directories_are_made_and_removed() {
    let mut process = Process::new();
    process
        .with_path(linux::__NR_mkdir, "/tmp/d/", &[0o777])
        .unwrap();
    assert_eq!(process.stat("/tmp/d").unwrap().0, 0o040_755);
    assert_eq!(
        process.with_path(linux::__NR_mkdir, "/tmp/d", &[0o777]),
        Err(Errno::EEXIST)
    );
    process.make("/tmp/d/f", "");
    assert_eq!(
        process.with_path(linux::__NR_rmdir, "/tmp/d", &[]),
        Err(Errno::ENOTEMPTY)
    );
    assert_eq!(
        process.with_path(linux::__NR_unlink, "/tmp/d", &[]),
        Err(Errno::EISDIR)
    );
    assert_eq!(
        process.with_path(linux::__NR_rmdir, "/tmp/d/f", &[]),
        Err(Errno::ENOTDIR)
    );
    assert_eq!(
        process.with_path(linux::__NR_rmdir, "/tmp/d/.", &[]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        process.with_path(linux::__NR_rmdir, "/", &[]),
        Err(Errno::EBUSY)
    );
    process
        .with_path(linux::__NR_unlink, "/tmp/d/f", &[])
        .unwrap();
    process.with_path(linux::__NR_rmdir, "/tmp/d", &[]).unwrap();
    assert_eq!(process.stat("/tmp/d"), Err(Errno::ENOENT));
}

fn rename(process: &mut Process, old: &str, new: &str) -> crate::errno::SysResult {
    let new = process.text(new);
    process.with_path(linux::__NR_rename, old, &[new])
}

#[test]
fn renaming_moves_and_replaces() {
    let mut process = Process::new();
    rename(&mut process, "/small", "/dir/a").unwrap();
    assert_eq!(process.cat("/dir/a").unwrap(), "hello, archive\n");
    assert_eq!(process.stat("/small"), Err(Errno::ENOENT));
    rename(&mut process, "/dir", "/tmp/moved").unwrap();
    assert_eq!(process.cat("/tmp/moved/deep/file").unwrap(), "deep");
    assert_eq!(process.list("/tmp"), [".", "..", "moved"]);
}

#[test]
fn renaming_refuses_as_linux_does() {
    let mut process = Process::new();
    assert_eq!(rename(&mut process, "/nothing", "/x"), Err(Errno::ENOENT));
    assert_eq!(rename(&mut process, "/small", "/dir"), Err(Errno::EISDIR));
    assert_eq!(rename(&mut process, "/dir", "/small"), Err(Errno::ENOTDIR));
    assert_eq!(rename(&mut process, "/tmp", "/dir"), Err(Errno::ENOTEMPTY));
    assert_eq!(
        rename(&mut process, "/dir", "/dir/deep/x"),
        Err(Errno::EINVAL)
    );
    assert_eq!(rename(&mut process, "/small", "/small"), Ok(0));
    assert_eq!(rename(&mut process, "/dir/.", "/x"), Err(Errno::EBUSY));
    let (old, new) = (process.text("/small"), process.text("/large"));
    let at = linux::AT_FDCWD as u64;
    assert_eq!(
        process.call(linux::__NR_renameat2, &[at, old, at, new, 1]),
        Err(Errno::EEXIST)
    );
    assert_eq!(
        process.call(linux::__NR_renameat2, &[at, old, at, new, 3]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn links_lead_where_they_say() {
    let mut process = Process::new();
    let target = process.text("/small");
    let path = process.text("/tmp/l");
    process.call(linux::__NR_symlink, &[target, path]).unwrap();
    assert_eq!(process.cat("/tmp/l").unwrap(), "hello, archive\n");
    let to = process.room(64);
    assert_eq!(process.call(linux::__NR_readlink, &[path, to, 4]), Ok(4));
    assert_eq!(process.bytes(to, 4), b"/sma");
    assert_eq!(
        process.with_path(linux::__NR_readlink, "/small", &[to, 64]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        process.with_path(linux::__NR_readlink, "/proc/self/exe", &[to, 64]),
        Ok(14)
    );
}

#[test]
fn links_in_a_circle_are_eloop() {
    let mut process = Process::new();
    for (target, path) in [("/tmp/b", "/tmp/a"), ("/tmp/a", "/tmp/b")] {
        let (target, path) = (process.text(target), process.text(path));
        process.call(linux::__NR_symlink, &[target, path]).unwrap();
    }
    assert_eq!(process.cat("/tmp/a"), Err(Errno::ELOOP));
    assert_eq!(process.cat("/tmp/a/x"), Err(Errno::ELOOP));
    assert_eq!(process.stat("/tmp/a").unwrap().0, 0o120_777);
}

#[test]
fn file_with_two_names_is_one_file() {
    let mut process = Process::new();
    process.make("/tmp/one", "text");
    let (old, new) = (process.text("/tmp/one"), process.text("/tmp/two"));
    process.call(linux::__NR_link, &[old, new]).unwrap();
    process
        .with_path(linux::__NR_truncate, "/tmp/two", &[2])
        .unwrap();
    assert_eq!(process.cat("/tmp/one").unwrap(), "te");
    process
        .with_path(linux::__NR_unlink, "/tmp/one", &[])
        .unwrap();
    assert_eq!(process.cat("/tmp/two").unwrap(), "te");
    let dir = process.text("/dir");
    assert_eq!(
        process.call(linux::__NR_link, &[dir, old]),
        Err(Errno::EPERM)
    );
}

#[test]
fn working_directory_is_where_relative_paths_start() {
    let mut process = Process::new();
    process.with_path(linux::__NR_chdir, "/away", &[]).unwrap();
    assert_eq!(process.cat("file").unwrap(), "deep");
    assert_eq!(process.cat("../../small").unwrap(), "hello, archive\n");
    assert_eq!(
        process.cat("../../../../small").unwrap(),
        "hello, archive\n"
    );
    let to = process.room(64);
    assert_eq!(process.call(linux::__NR_getcwd, &[to, 64]), Ok(10));
    assert_eq!(process.bytes(to, 10), b"/dir/deep\0");
    assert_eq!(
        process.call(linux::__NR_getcwd, &[to, 9]),
        Err(Errno::ERANGE)
    );
    assert_eq!(
        process.with_path(linux::__NR_chdir, "/small", &[]),
        Err(Errno::ENOTDIR)
    );
}

#[test]
fn access_depends_on_mode_only_for_execution() {
    let mut process = Process::new();
    assert_eq!(process.with_path(linux::__NR_access, "/small", &[6]), Ok(0));
    assert_eq!(
        process.with_path(linux::__NR_access, "/small", &[1]),
        Err(Errno::EACCES)
    );
    process
        .with_path(linux::__NR_chmod, "/small", &[0o755])
        .unwrap();
    assert_eq!(process.with_path(linux::__NR_access, "/small", &[1]), Ok(0));
    assert_eq!(process.with_path(linux::__NR_access, "/dir", &[1]), Ok(0));
    assert_eq!(
        process.with_path(linux::__NR_access, "/nothing", &[0]),
        Err(Errno::ENOENT)
    );
    assert_eq!(
        process.with_path(linux::__NR_access, "/small", &[8]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn root_without_an_archive_has_views_and_a_tmp() {
    fn list(tree: &Tree) -> Vec<String> {
        let mut names = Vec::new();
        let mut place = 2;
        while let Some(listed) = tree.next(tree.root(), place, None).unwrap() {
            names.push(String::from_utf8(listed.name.into_vec()).unwrap());
            place = listed.next;
        }
        names
    }
    let now = Timestamp::from_seconds(7);
    let tree = Tree::new(None, now).unwrap();
    assert_eq!(list(&tree), ["dev", "proc", "sys", "tmp"]);
    let tmp = tree.lookup(tree.root(), b"tmp", None).unwrap().unwrap();
    assert_eq!(tmp.mode(), linux::S_IFDIR | 0o1777);
    assert_eq!(tmp.attributes.borrow().modified.seconds, 7);
    tree.remove(tree.root(), b"tmp", now).unwrap();
    assert!(tree.lookup(tree.root(), b"tmp", None).unwrap().is_none());
    assert_eq!(list(&tree), ["dev", "proc", "sys"]);
    tree.put(tree.root(), b"tmp".as_slice().into(), &tmp)
        .unwrap();
    assert_eq!(list(&tree), ["dev", "proc", "sys", "tmp"]);
}

#[test]
fn many_names_are_forgotten_and_found_again() {
    let mut process = Process::new();
    for index in 0..600 {
        process.make(&std::format!("/tmp/f{index:03}"), "x");
    }
    assert_eq!(process.list("/tmp").len(), 602);
    assert_eq!(process.cat("/small").unwrap(), "hello, archive\n");
}

#[test]
fn tree_that_is_deeper_than_the_stack_goes() {
    const DEPTH: usize = 50_000;
    let mut process = Process::new();
    let mut parent = process.kernel.working_directory.clone();
    for _ in 0..DEPTH {
        // Each level has a neighbour before and behind it.
        for name in ["a", "d", "z"] {
            let kind = directory(Beneath::default());
            let mode = linux::S_IFDIR | 0o755;
            let tree = &process.kernel.tree;
            let node = tree.create(Mount::Root, kind, mode, Timestamp::default());
            tree.put(&parent, name.as_bytes().into(), &node).unwrap();
            if name == "d" {
                process.kernel.working_directory = node;
            }
        }
        parent = process.kernel.working_directory.clone();
    }
    let held = Rc::downgrade(&parent);
    drop((process, parent));
    assert!(held.upgrade().is_none());
}
