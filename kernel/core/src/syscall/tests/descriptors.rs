//! Descriptors: numbers, duplicates, flags, limits.

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::testing::Process;

#[test]
fn lowest_free_number_is_taken() {
    let mut process = Process::new();
    assert_eq!(process.open("/small", 0), Ok(3));
    assert_eq!(process.open("/small", 0), Ok(4));
    process.call(linux::__NR_close, &[3]).unwrap();
    assert_eq!(process.open("/small", 0), Ok(3));
    assert_eq!(process.call(linux::__NR_close, &[9]), Err(Errno::EBADF));
    assert_eq!(
        process.call(linux::__NR_close, &[u64::MAX]),
        Err(Errno::EBADF)
    );
}

#[test]
fn duplicates_share_the_offset() {
    let mut process = Process::new();
    let fd = process.open("/small", 0).unwrap();
    let copy = process.call(linux::__NR_dup, &[fd as u64]).unwrap();
    assert_eq!(process.read_fd(fd, 5).unwrap(), "hello");
    assert_eq!(process.read_fd(copy, 2).unwrap(), ", ");
    assert_eq!(process.call(linux::__NR_dup2, &[fd as u64, 20]), Ok(20));
    assert_eq!(process.read_fd(20, 4).unwrap(), "arch");
    assert_eq!(process.call(linux::__NR_dup2, &[20, 20]), Ok(20));
    assert_eq!(
        process.call(linux::__NR_dup3, &[20, 20, 0]),
        Err(Errno::EINVAL)
    );
    assert_eq!(process.call(linux::__NR_dup2, &[99, 99]), Err(Errno::EBADF));
}

#[test]
fn flags_are_kept() {
    let mut process = Process::new();
    let fd = process
        .open("/tmp/f", linux::O_CREAT | linux::O_RDWR | linux::O_CLOEXEC)
        .unwrap() as u64;
    let fcntl = |process: &mut Process, command: u32, arg: u64| {
        process.call(linux::__NR_fcntl, &[fd, u64::from(command), arg])
    };
    assert_eq!(fcntl(&mut process, linux::F_GETFD, 0), Ok(1));
    assert_eq!(fcntl(&mut process, linux::F_GETFL, 0), Ok(0o100_002));
    fcntl(&mut process, linux::F_SETFL, u64::from(linux::O_APPEND)).unwrap();
    assert_eq!(fcntl(&mut process, linux::F_GETFL, 0), Ok(0o102_002));
    assert_eq!(fcntl(&mut process, linux::F_DUPFD, 30), Ok(30));
    assert_eq!(
        fcntl(&mut process, linux::F_DUPFD, 5000),
        Err(Errno::EINVAL)
    );
    assert_eq!(fcntl(&mut process, 9999, 0), Err(Errno::EINVAL));
}

#[test]
fn limit_of_descriptors_is_kept() {
    let mut process = Process::new();
    let limits = process.put(&[4_u64.to_le_bytes(), 100_u64.to_le_bytes()].concat());
    let resource = u64::from(linux::RLIMIT_NOFILE);
    process
        .call(linux::__NR_prlimit64, &[0, resource, limits, 0])
        .unwrap();
    assert_eq!(process.open("/small", 0), Ok(3));
    assert_eq!(process.open("/small", 0), Err(Errno::EMFILE));
    assert_eq!(process.call(linux::__NR_dup2, &[0, 4]), Err(Errno::EBADF));
    let more = process.put(&[4_u64.to_le_bytes(), 101_u64.to_le_bytes()].concat());
    assert_eq!(
        process.call(linux::__NR_prlimit64, &[0, resource, more, 0]),
        Err(Errno::EPERM)
    );
}

#[test]
fn direction_of_opening_counts() {
    let mut process = Process::new();
    let reader = process.open("/small", linux::O_RDONLY).unwrap();
    assert_eq!(process.write_fd(reader, b"x"), Err(Errno::EBADF));
    let writer = process.open("/small", linux::O_WRONLY).unwrap();
    assert_eq!(process.read_fd(writer, 1), Err(Errno::EBADF));
    let name = process.open("/small", linux::O_PATH).unwrap();
    assert_eq!(process.read_fd(name, 1), Err(Errno::EBADF));
}

#[test]
fn range_of_descriptors_is_closed() {
    let mut process = Process::new();
    for _ in 0..5 {
        process.open("/small", 0).unwrap();
    }
    process
        .call(linux::__NR_close_range, &[4, u64::from(u32::MAX), 0])
        .unwrap();
    assert_eq!(process.open("/small", 0), Ok(4));
    assert_eq!(
        process.call(linux::__NR_close_range, &[5, 4, 0]),
        Err(Errno::EINVAL)
    );
}
