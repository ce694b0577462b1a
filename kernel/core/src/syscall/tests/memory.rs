//! Mapping files.

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;
use unikernel_machine::user::Access;

use crate::errno::Errno;
use crate::memory::fault::Refusal;
use crate::testing::Process;

const READ: u64 = 1;
const READ_WRITE: u64 = 3;
const SHARED: u64 = 1;
const PRIVATE: u64 = 2;

fn map(process: &mut Process, fd: usize, protection: u64, flags: u64) -> crate::errno::SysResult {
    process.call(
        linux::__NR_mmap,
        &[0, 8192, protection, flags, fd as u64, 0],
    )
}

#[test]
fn private_mapping_keeps_its_writes() {
    let mut process = Process::new();
    let fd = process.open("/large", linux::O_RDONLY).unwrap();
    let at = map(&mut process, fd, READ_WRITE, PRIVATE).unwrap() as u64;
    assert_eq!(process.bytes(at + 4990, 14), b"xxxxxxxxxx\0\0\0\0");
    process
        .kernel
        .memory
        .write(UserAddr(at + 10), b"own")
        .unwrap();
    assert_eq!(process.bytes(at + 9, 5), b"xownx");
    assert!(!process.cat("/large").unwrap().contains("own"));
}

#[test]
fn mapping_that_may_only_be_written_can_be_read_too() {
    let mut process = Process::new();
    process.make("/file", "from the file");
    let fd = process.open("/file", linux::O_RDWR).unwrap();
    let at = map(
        &mut process,
        fd,
        linux::PROT_WRITE.into(),
        linux::MAP_PRIVATE.into(),
    )
    .unwrap();
    assert_eq!(process.bytes(at as u64, 4), b"from");
    assert_eq!(
        process.kernel.memory.write(UserAddr(at as u64), b"F"),
        Ok(())
    );
    assert_eq!(process.bytes(at as u64, 4), b"From");
}

#[test]
fn archive_pages_are_mapped_in_place() {
    let mut process = Process::new();
    let fd = process.open("/large", linux::O_RDONLY).unwrap();
    let at = map(&mut process, fd, READ, PRIVATE).unwrap() as u64;
    let before = unikernel_machine::frame::usage().free;
    process.bytes(at, 100);
    assert_eq!(unikernel_machine::frame::usage().free, before);
    process.bytes(at + 4096, 100);
    assert_eq!(unikernel_machine::frame::usage().free, before - 1);
}

#[test]
fn shared_mapping_is_the_file() {
    let mut process = Process::new();
    process.make("/tmp/f", "text");
    let fd = process.open("/tmp/f", linux::O_RDWR).unwrap();
    let at = map(&mut process, fd, READ_WRITE, SHARED).unwrap() as u64;
    process.kernel.memory.write(UserAddr(at), b"TE").unwrap();
    assert_eq!(process.cat("/tmp/f").unwrap(), "TExt");
    process.make("/tmp/f", "again");
    let fd = process.open("/tmp/f", linux::O_RDWR).unwrap() as u64;
    assert_eq!(process.call(linux::__NR_read, &[fd, at, 5]), Ok(5));
}

#[test]
fn shared_mapping_made_writable_later_is_the_file() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDWR).unwrap();
    let at = map(&mut process, fd, READ, SHARED).unwrap() as u64;
    assert_eq!(process.bytes(at, 5), b"hello");
    process
        .call(linux::__NR_mprotect, &[at, 4096, READ_WRITE])
        .unwrap();
    process.kernel.memory.write(UserAddr(at), b"HE").unwrap();
    assert_eq!(process.cat("/small").unwrap(), "HEllo, archive\n");
}

#[test]
fn page_behind_the_file_is_a_bus_error() {
    let mut process = Process::new();
    let fd = process.open("/small", linux::O_RDONLY).unwrap();
    let at = map(&mut process, fd, READ, PRIVATE).unwrap() as u64;
    assert_eq!(
        process
            .kernel
            .memory
            .resolve(UserAddr(at + 4096), Access::Read),
        Err(Refusal::BeyondFile)
    );
    process.kernel.page_fault(UserAddr(at + 4096), Access::Read);
    assert_eq!(
        process.reports(),
        [std::format!("fault 7 2 {:#x}", at + 4096)]
    );
}

#[test]
fn mappings_that_are_refused() {
    let mut process = Process::new();
    let reader = process.open("/small", linux::O_RDONLY).unwrap();
    let writer = process
        .open("/tmp/w", linux::O_WRONLY | linux::O_CREAT)
        .unwrap();
    let directory = process.open("/dir", 0).unwrap();
    assert_eq!(
        map(&mut process, reader, READ_WRITE, SHARED),
        Err(Errno::EACCES)
    );
    assert_eq!(map(&mut process, writer, READ, PRIVATE), Err(Errno::EACCES));
    assert_eq!(
        map(&mut process, directory, READ, PRIVATE),
        Err(Errno::ENODEV)
    );
    assert_eq!(map(&mut process, 0, READ, PRIVATE), Err(Errno::ENODEV));
    assert_eq!(map(&mut process, 99, READ, PRIVATE), Err(Errno::EBADF));
    assert_eq!(map(&mut process, reader, READ, 0), Err(Errno::EINVAL));
    let at = map(&mut process, reader, READ, SHARED).unwrap() as u64;
    assert_eq!(
        process.call(linux::__NR_mprotect, &[at, 4096, READ_WRITE]),
        Err(Errno::EACCES)
    );
}

#[test]
fn advice_is_checked() {
    let mut process = Process::new();
    let at = process
        .call(
            linux::__NR_mmap,
            &[0, 8192, READ_WRITE, PRIVATE | 0x20, u64::MAX, 0],
        )
        .unwrap() as u64;
    let advise =
        |process: &mut Process, advice: u64| process.call(linux::__NR_madvise, &[at, 4096, advice]);
    assert_eq!(advise(&mut process, 4), Ok(0));
    assert_eq!(advise(&mut process, 14), Ok(0));
    assert_eq!(advise(&mut process, 9), Err(Errno::EINVAL));
    assert_eq!(advise(&mut process, 12), Err(Errno::EINVAL));
}
