//! Reading and writing files of the archive and of the overlay.

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::testing::Process;

#[test]
fn archive_is_read() {
    let mut process = Process::new();
    assert_eq!(process.cat("/small").unwrap(), "hello, archive\n");
    assert_eq!(process.cat("link").unwrap(), "hello, archive\n");
    assert_eq!(process.cat("/away/../deep/./file").unwrap(), "deep");
    assert_eq!(process.cat("/large").unwrap().len(), 5000);
}

#[test]
fn archived_file_is_overwritten_in_memory() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDWR).unwrap();
    assert_eq!(process.write_fd(fd, b"HELLO"), Ok(5));
    assert_eq!(process.read_fd(fd, 3).unwrap(), ", a");
    assert_eq!(process.cat("/small").unwrap(), "HELLO, archive\n");
    assert_eq!(process.stat("/small"), Ok((0o100_644, 15)));
}

#[test]
fn appending_goes_to_the_end() {
    let mut process = Process::new();
    let fd = process
        .open("/small", linux::O_WRONLY | linux::O_APPEND)
        .unwrap();
    process.write_fd(fd, b"more").unwrap();
    assert_eq!(process.cat("/small").unwrap(), "hello, archive\nmore");
}

#[test]
fn new_file_is_read_back() {
    let mut process = Process::new();
    process.make("/tmp/new", "text");
    assert_eq!(process.cat("/tmp/new").unwrap(), "text");
    assert_eq!(process.stat("/tmp/new"), Ok((0o100_644, 4)));
    process.make("/tmp/new", "");
    assert_eq!(process.cat("/tmp/new").unwrap(), "");
}

#[test]
fn hole_is_zeros() {
    let mut process = Process::new();
    let fd = process
        .open("/tmp/hole", linux::O_CREAT | linux::O_RDWR)
        .unwrap();
    assert_eq!(
        process.call(linux::__NR_lseek, &[fd as u64, 9000, 0]),
        Ok(9000)
    );
    process.write_fd(fd, b"end").unwrap();
    assert_eq!(
        process.call(linux::__NR_lseek, &[fd as u64, 4095, 0]),
        Ok(4095)
    );
    assert_eq!(process.read_fd(fd, 4).unwrap(), "\0\0\0\0");
    let from = process.put(b"mid");
    assert_eq!(
        process.call(linux::__NR_pwrite64, &[fd as u64, from, 3, 4095]),
        Ok(3)
    );
    let text = process.cat("/tmp/hole").unwrap();
    assert_eq!(
        (text.len(), &text[4095..4099], &text[9000..]),
        (9003, "mid\0", "end")
    );
}

#[test]
fn cutting_off_forgets_what_was_there() {
    let mut process = Process::new();
    process
        .with_path(linux::__NR_truncate, "/large", &[4100])
        .unwrap();
    process
        .with_path(linux::__NR_truncate, "/large", &[4200])
        .unwrap();
    let text = process.cat("/large").unwrap();
    assert_eq!(text.len(), 4200);
    assert_eq!(&text[4098..4102], "xx\0\0");
    process
        .with_path(linux::__NR_truncate, "/large", &[3])
        .unwrap();
    process
        .with_path(linux::__NR_truncate, "/large", &[5])
        .unwrap();
    assert_eq!(process.cat("/large").unwrap(), "xxx\0\0");
    assert_eq!(
        process.with_path(linux::__NR_truncate, "/large", &[u64::MAX]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        process.with_path(linux::__NR_truncate, "/dir", &[0]),
        Err(Errno::EISDIR)
    );
}

#[test]
fn offsets_move_as_told() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDONLY).unwrap() as u64;
    assert_eq!(process.call(linux::__NR_lseek, &[fd, 0, 2]), Ok(15));
    assert_eq!(
        process.call(linux::__NR_lseek, &[fd, u64::MAX - 7, 1]),
        Ok(7)
    );
    assert_eq!(process.read_fd(fd as usize, 4).unwrap(), "arch");
    assert_eq!(
        process.call(linux::__NR_lseek, &[fd, u64::MAX, 0]),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        process.call(linux::__NR_lseek, &[fd, 0, 9]),
        Err(Errno::EINVAL)
    );
    let to = process.room(8);
    assert_eq!(
        process.call(linux::__NR_pread64, &[fd, to, 8, u64::MAX]),
        Err(Errno::EINVAL)
    );
    assert_eq!(process.call(linux::__NR_pread64, &[fd, to, 8, 14]), Ok(1));
}

#[test]
fn several_buffers_are_one_transfer() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDONLY).unwrap() as u64;
    let (a, b) = (process.room(5), process.room(100));
    let list: std::vec::Vec<u8> = [a, 5, b, 100]
        .into_iter()
        .flat_map(u64::to_le_bytes)
        .collect();
    let list = process.put(&list);
    assert_eq!(process.call(linux::__NR_readv, &[fd, list, 2]), Ok(15));
    assert_eq!(process.bytes(b, 10), b", archive\n");
    assert_eq!(
        process.call(linux::__NR_readv, &[fd, list, 2000]),
        Err(Errno::EINVAL)
    );
}

#[test]
fn addresses_that_are_bad_are_efault() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDWR).unwrap() as u64;
    for address in [0, 8, 0x7fff_ffff_f000, u64::MAX] {
        assert_eq!(
            process.call(linux::__NR_read, &[fd, address, 4]),
            Err(Errno::EFAULT),
            "{address:#x}"
        );
        assert_eq!(
            process.call(linux::__NR_write, &[fd, address, 4]),
            Err(Errno::EFAULT)
        );
        assert_eq!(
            process.call(linux::__NR_open, &[address, 0]),
            Err(Errno::EFAULT)
        );
    }
}

#[test]
fn opening_refuses_as_linux_does() {
    let mut process = Process::new();
    assert_eq!(process.open("/nothing", 0), Err(Errno::ENOENT));
    assert_eq!(process.open("", 0), Err(Errno::ENOENT));
    assert_eq!(process.open("/small/x", 0), Err(Errno::ENOTDIR));
    assert_eq!(process.open("/small/", 0), Err(Errno::ENOTDIR));
    assert_eq!(process.open("/dir", linux::O_WRONLY), Err(Errno::EISDIR));
    assert_eq!(
        process.open("/small", linux::O_DIRECTORY),
        Err(Errno::ENOTDIR)
    );
    assert_eq!(process.open("/link", linux::O_NOFOLLOW), Err(Errno::ELOOP));
    assert_eq!(
        process.open("/small", linux::O_CREAT | linux::O_EXCL),
        Err(Errno::EEXIST)
    );
    assert_eq!(process.open("/none/x", linux::O_CREAT), Err(Errno::ENOENT));
    assert_eq!(process.open("/tmp/x/", linux::O_CREAT), Err(Errno::EISDIR));
    assert_eq!(process.open(&"x".repeat(300), 0), Err(Errno::ENAMETOOLONG));
    assert_eq!(process.open("/dev/tty", linux::O_RDWR), Err(Errno::ENXIO));
}

#[test]
fn devices_do_what_they_are_for() {
    let mut process = Process::new();
    assert_eq!(process.cat("/dev/null").unwrap(), "");
    let zero = process.open("/dev/zero", linux::O_RDWR).unwrap();
    assert_eq!(process.read_fd(zero, 3).unwrap(), "\0\0\0");
    let full = process.open("/dev/full", linux::O_RDWR).unwrap();
    assert_eq!(process.write_fd(full, b"x"), Err(Errno::ENOSPC));
    let random = process.open("/dev/urandom", linux::O_RDONLY).unwrap();
    assert_ne!(
        process.read_fd(random, 16).unwrap(),
        process.read_fd(random, 16).unwrap()
    );
    assert_eq!(process.stat("/dev/null"), Ok((0o020_666, 0)));
}

#[test]
fn writing_ends_with_enospc_when_memory_does() {
    let mut process = Process::new();
    let fd = process
        .open("/tmp/big", linux::O_CREAT | linux::O_WRONLY)
        .unwrap();
    let block = process.put(&[b'x'; 4096]);
    let used = unikernel_machine::frame::usage();
    unikernel_machine::testing::set_frames((used.total - used.free + 48 + 20) * 16 / 15 + 2);
    let mut written = 0;
    let errno = loop {
        match process.call(linux::__NR_write, &[fd as u64, block, 4096]) {
            Ok(count) => written += count,
            Err(errno) => break errno,
        }
        assert!(written < 1 << 20, "there is no end");
    };
    assert_eq!(errno, Errno::ENOSPC);
    assert!(written > 0);
}

#[test]
fn copies_past_the_programs_memory() {
    let mut process = Process::new();
    let from = process.open("/large", 0).unwrap() as u64;
    let flags = linux::O_CREAT | linux::O_RDWR;
    let to = process.open("/tmp/copy", flags).unwrap() as u64;
    let copy = [from, 0, to, 0, 1 << 20, 0];
    assert_eq!(process.call(linux::__NR_copy_file_range, &copy), Ok(5000));
    assert_eq!(process.call(linux::__NR_copy_file_range, &copy), Ok(0));
    assert_eq!(process.cat("/tmp/copy"), process.cat("/large"));
    let small = process.open("/small", 0).unwrap() as u64;
    assert_eq!(
        process.call(linux::__NR_sendfile, &[to, small, 0, 5]),
        Ok(5)
    );
    assert_eq!(
        process.read_fd(usize::try_from(small).unwrap(), 3).unwrap(),
        ", a"
    );
    assert_eq!(process.cat("/tmp/copy").unwrap().len(), 5005);
}

#[test]
fn copies_that_linux_refuses() {
    let mut process = Process::new();
    let flags = linux::O_CREAT | linux::O_RDWR;
    process.make("/tmp/a", "0123456789");
    let a = process.open("/tmp/a", flags).unwrap() as u64;
    let append = process.open("/tmp/a", flags | linux::O_APPEND).unwrap() as u64;
    let folder = process.open("/tmp", 0).unwrap() as u64;
    let mut check = |arguments: [u64; 6], errno| {
        let found = process.call(linux::__NR_copy_file_range, &arguments);
        assert_eq!(found, Err(errno), "{arguments:?}");
    };
    check([a, 0, a, 0, 5, 0], Errno::EINVAL);
    check([a, 0, append, 0, 5, 0], Errno::EBADF);
    check([a, 0, a, 0, 5, 1], Errno::EINVAL);
    check([folder, 0, a, 0, 5, 0], Errno::EISDIR);
    check([a, 0, folder, 0, 5, 0], Errno::EBADF);
    assert_eq!(
        process.call(linux::__NR_sendfile, &[append, a, 0, 5]),
        Err(Errno::EINVAL)
    );
}
