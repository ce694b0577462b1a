//! What is made when it is asked for.

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::testing::Process;

#[test]
fn every_view_can_be_read() {
    let mut process = Process::new();
    for line in crate::view::TABLE {
        let kind = line.mode & linux::S_IFMT;
        assert_eq!(
            process.stat(line.path).unwrap().0,
            line.mode,
            "{}",
            line.path
        );
        if kind == linux::S_IFREG {
            let text = process.cat(line.path).unwrap();
            let may_be_empty = ["auxv", "cmdline", "environ", "maps"];
            let is_empty = text.is_empty();
            assert!(
                !is_empty || may_be_empty.iter().any(|name| line.path.ends_with(name)),
                "{}",
                line.path
            );
        } else if kind == linux::S_IFDIR {
            assert!(process.list(line.path).len() >= 2, "{}", line.path);
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
