//! What is made when it is asked for.

use alloc::format;
use alloc::string::ToString;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use crate::errno::Errno;
use crate::fs::view::{Line, Shows};
use crate::testing::Process;
use crate::view::TABLE;

#[test]
fn every_view_can_be_read() {
    check_lines(&mut Process::new(), "", TABLE);
}

fn check_lines(process: &mut Process, folder: &str, lines: &[Line]) {
    for line in lines {
        // What the archive has goes before what is else empty.
        if matches!(line.shows, Shows::Empty) {
            continue;
        }
        let path = format!("{folder}/{}", line.name);
        assert_eq!(process.stat(&path).unwrap().0, line.mode, "{path}");
        if line.mode & linux::S_IFMT == linux::S_IFREG {
            let text = process.cat(&path).unwrap();
            let may_be_empty = ["auxv", "cgroup", "cmdline", "environ", "maps"];
            assert!(
                !text.is_empty() || may_be_empty.contains(&line.name),
                "{path}"
            );
        }
        if let Shows::Folder(lines) = line.shows {
            assert!(process.list(&path).len() >= 2 + lines.len(), "{path}");
            check_lines(process, &path, lines);
        }
    }
}

#[test]
fn folders_list_their_lines_and_nothing_else() {
    let mut process = Process::new();
    assert_eq!(
        process.list("/proc/sys"),
        [".", "..", "fs", "kernel", "net", "vm"]
    );
    assert_eq!(process.list("/sys/kernel"), [".", "..", "mm"]);
    assert_eq!(
        process.list("/proc/self/fd"),
        [".", "..", "0", "1", "2", "3"]
    );
    assert_eq!(process.stat("/proc/sys/f"), Err(Errno::ENOENT));
    assert_eq!(process.stat("/proc/1/task/2"), Err(Errno::ENOENT));
}

#[test]
fn what_is_shown_follows_the_kernel() {
    let mut process = Process::new();
    let fd = process.open("/proc/self/status", linux::O_RDONLY).unwrap();
    assert!(
        process
            .read_fd(fd, 4000)
            .unwrap()
            .contains("Umask:\t0022\n")
    );
    process.call(linux::__NR_umask, &[0o77]).unwrap();
    // From the start it is made again; behind that it stays what it was.
    process.call(linux::__NR_lseek, &[fd as u64, 0, 0]).unwrap();
    assert!(
        process
            .read_fd(fd, 4000)
            .unwrap()
            .contains("Umask:\t0077\n")
    );
    assert_eq!(process.read_fd(fd, 4000).unwrap(), "");
}

/// The number of kilobytes behind a label of an area of `smaps`.
fn kilobytes(area: &str, label: &str) -> u64 {
    let line = area.lines().find(|line| line.starts_with(label)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn smaps_tells_what_each_area_has_taken() {
    let mut process = Process::new();
    let fd = process.open("/large", linux::O_RDONLY).unwrap();
    let private = u64::from(linux::MAP_PRIVATE);
    let at = process
        .call(linux::__NR_mmap, &[0, 8192, 3, private, fd as u64, 0])
        .unwrap() as u64;
    let area = |process: &mut Process| {
        let text = process.cat("/proc/self/smaps").unwrap();
        let start = text.find(&format!("{at:08x}-")).unwrap();
        let area = text.get(start..).unwrap();
        let end = area.find("VmFlags: rd wr mr mw me ac \n").unwrap();
        area.get(..end).unwrap().to_string()
    };
    let counted = |area: &str| {
        [
            "Size:",
            "Rss:",
            "Private_Clean:",
            "Private_Dirty:",
            "Anonymous:",
        ]
        .map(|label| kilobytes(area, label))
    };
    assert_eq!(counted(&area(&mut process)), [8, 0, 0, 0, 0]);
    process.bytes(at, 1);
    assert_eq!(counted(&area(&mut process)), [8, 4, 4, 0, 0]);
    process.kernel.memory.write(UserAddr(at), b"own").unwrap();
    assert_eq!(counted(&area(&mut process)), [8, 4, 0, 4, 4]);
    process.call(linux::__NR_mlock, &[at, 4096]).unwrap();
    let all = process.cat("/proc/self/smaps_rollup").unwrap();
    assert!(all.lines().next().unwrap().ends_with("[rollup]"), "{all}");
    assert_eq!(kilobytes(&all, "Locked:"), 4);
    assert!(kilobytes(&all, "Rss:") >= kilobytes(&all, "Pss_Anon:"));
}

#[test]
fn views_stay_as_they_are() {
    let mut process = Process::new();
    assert_eq!(
        process.open("/proc/version", linux::O_RDWR),
        Err(Errno::EACCES)
    );
    assert_eq!(
        process.with_path(linux::__NR_chmod, "/proc/version", &[0o777]),
        Err(Errno::EPERM)
    );
    assert_eq!(
        process.with_path(linux::__NR_unlink, "/sys/kernel/mm", &[]),
        Err(Errno::EISDIR)
    );
    assert_eq!(
        process.open("/sys/new", linux::O_CREAT | linux::O_WRONLY),
        Err(Errno::EACCES)
    );
    assert_eq!(
        process.with_path(linux::__NR_rmdir, "/dev/shm", &[]),
        Err(Errno::EBUSY)
    );
}

#[test]
fn device_can_be_removed_and_made_again() {
    let mut process = Process::new();
    process
        .with_path(linux::__NR_unlink, "/dev/null", &[])
        .unwrap();
    assert_eq!(process.stat("/dev/null"), Err(Errno::ENOENT));
    assert!(!process.list("/dev").iter().any(|name| name == "null"));
    let mode = u64::from(linux::S_IFCHR | 0o600);
    process
        .with_path(linux::__NR_mknod, "/dev/null", &[mode, 0x103])
        .unwrap();
    assert_eq!(process.cat("/dev/null").unwrap(), "");
    assert_eq!(
        process.with_path(linux::__NR_mknod, "/dev/sda", &[mode, 0x800]),
        Err(Errno::EPERM)
    );
    let fifo = u64::from(linux::S_IFIFO | 0o600);
    assert_eq!(
        process.with_path(linux::__NR_mknod, "/tmp/fifo", &[fifo, 0]),
        Err(Errno::EPERM)
    );
}

#[test]
fn terminal_is_there_when_the_host_has_one() {
    let mut process = Process::new();
    process.kernel.streams.borrow_mut().set_terminals(3);
    let fd = process.open("/dev/tty", linux::O_RDWR).unwrap();
    assert_eq!(process.write_fd(fd, b"password: "), Ok(10));
    assert_eq!(process.host.take(7), b"password: ");
    process.host.send(4, b"secret\n");
    assert_eq!(process.read_fd(fd, 100).unwrap(), "secret\n");
}

#[test]
fn console_is_where_people_look() {
    let mut process = Process::new();
    let fd = process.open("/dev/console", linux::O_RDWR).unwrap();
    assert_eq!(process.write_fd(fd, b"message"), Ok(7));
    assert_eq!(process.host.take(9), b"message");
    assert_eq!(process.read_fd(fd, 1), Err(Errno::EIO));
}
