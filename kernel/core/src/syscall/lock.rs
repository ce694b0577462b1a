//! Locks: flock(2), record locks of fcntl(2).

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use crate::errno::{Errno, SysResult};
use crate::fs::locks::{Owner, Record, Strength};
use crate::fs::open::OpenFile;
use crate::kernel::Kernel;
use crate::memory::budget;
use crate::process::thread::PROCESS_ID;

/// More record locks on one file than this are refused: it bounds what the kernel remembers for a program.
pub(crate) const MAX_RECORDS: usize = 1024;

/// `struct flock`: type, whence, start, length, process.
const FLOCK: usize = 32;

/// What a program asks for.
struct Asked {
    /// `None` to unlock.
    strength: Option<Strength>,
    first: u64,
    last: u64,
    process: u32,
}

pub(super) fn flock(kernel: &mut Kernel, fd: Fd, operation: u32) -> SysResult {
    let file = kernel.open_file(fd)?;
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    let wanted = match operation & !linux::LOCK_NB {
        linux::LOCK_SH => Strength::Shared,
        linux::LOCK_EX => Strength::Exclusive,
        linux::LOCK_UN => {
            file.with_locks(|locks, file| locks.free_whole(file));
            return Ok(0);
        }
        _ => return Err(Errno::EINVAL),
    };
    budget::allow_kernel_memory().map_err(|_| Errno::ENOLCK)?;
    let lock = |_: &mut Kernel| {
        let granted = file.with_locks(|locks, file| locks.lock_whole(file, wanted));
        granted.then_some(())
    };
    if operation & linux::LOCK_NB != 0 {
        return lock(kernel).map(|()| 0).ok_or(Errno::EAGAIN);
    }
    kernel.wait_until(None, lock)?;
    Ok(0)
}

/// `F_GETLK`, `F_SETLK`, `F_SETLKW` and the same of an open file (`F_OFD_*`).
pub(super) fn record(
    kernel: &mut Kernel,
    file: &OpenFile,
    command: u32,
    at: UserAddr,
) -> SysResult {
    let asked = read(kernel, file, at)?;
    let owner = match command {
        linux::F_OFD_GETLK | linux::F_OFD_SETLK | linux::F_OFD_SETLKW => {
            if asked.process != 0 {
                return Err(Errno::EINVAL);
            }
            file.owner()
        }
        _ => Owner::Process,
    };
    let Some(strength) = asked.strength else {
        if matches!(command, linux::F_GETLK | linux::F_OFD_GETLK) {
            return Err(Errno::EINVAL);
        }
        file.with_locks(|locks, _| locks.free(owner, asked.first, asked.last));
        return Ok(0);
    };
    let wanted = Record {
        owner,
        strength,
        first: asked.first,
        last: asked.last,
    };
    if matches!(command, linux::F_GETLK | linux::F_OFD_GETLK) {
        let conflict = file.with_locks(|locks, _| locks.conflict(&wanted));
        return write(kernel, at, conflict);
    }
    let is_allowed = match strength {
        Strength::Shared => file.is_readable(),
        Strength::Exclusive => file.is_writable(),
    };
    if !is_allowed {
        return Err(Errno::EBADF);
    }
    budget::allow_kernel_memory().map_err(|_| Errno::ENOLCK)?;
    if file.with_locks(|locks, _| locks.count()) >= MAX_RECORDS {
        return Err(Errno::ENOLCK);
    }
    let lock = |_: &mut Kernel| {
        file.with_locks(|locks, _| {
            let is_free = locks.conflict(&wanted).is_none();
            if is_free {
                locks.grant(wanted);
            }
            is_free.then_some(())
        })
    };
    if matches!(command, linux::F_SETLK | linux::F_OFD_SETLK) {
        return lock(kernel).map(|()| 0).ok_or(Errno::EAGAIN);
    }
    kernel.wait_until(None, lock)?;
    Ok(0)
}

fn read(kernel: &mut Kernel, file: &OpenFile, at: UserAddr) -> Result<Asked, Errno> {
    let mut bytes = [0; FLOCK];
    kernel.memory.read(at, &mut bytes)?;
    let [
        kind_low,
        kind_high,
        whence_low,
        whence_high,
        _,
        _,
        _,
        _,
        rest @ ..,
    ] = bytes;
    let mut words = rest.chunks_exact(8).map(|word| {
        let word = <[u8; 8]>::try_from(word).unwrap_or_default();
        i64::from_le_bytes(word)
    });
    let mut word = || words.next().unwrap_or(0);
    let (start, len, process) = (word(), word(), word());
    let strength = match u32::from(u16::from_le_bytes([kind_low, kind_high])) {
        linux::F_RDLCK => Some(Strength::Shared),
        linux::F_WRLCK => Some(Strength::Exclusive),
        linux::F_UNLCK => None,
        _ => return Err(Errno::EINVAL),
    };
    let base = match u32::from(u16::from_le_bytes([whence_low, whence_high])) {
        linux::SEEK_SET => 0,
        linux::SEEK_CUR => file.position.get(),
        linux::SEEK_END => file.node().size(),
        _ => return Err(Errno::EINVAL),
    };
    let start = base
        .checked_add_signed(start)
        .filter(|start| *start <= i64::MAX.cast_unsigned())
        .ok_or(Errno::EINVAL)?;
    // A negative length means what lies before the start; 0 all that lies behind.
    let (first, last) = if len < 0 {
        let first = start.checked_add_signed(len).ok_or(Errno::EINVAL)?;
        (first, start.saturating_sub(1))
    } else if len == 0 {
        (start, u64::MAX)
    } else {
        let end = start.checked_add_signed(len).ok_or(Errno::EOVERFLOW)?;
        if end > i64::MAX.cast_unsigned() {
            return Err(Errno::EOVERFLOW);
        }
        (start, end.saturating_sub(1))
    };
    let [a, b, c, d, ..] = process.to_le_bytes();
    Ok(Asked {
        strength,
        first,
        last,
        process: u32::from_le_bytes([a, b, c, d]),
    })
}

/// Tells which lock stands in the way, or that none does.
fn write(kernel: &mut Kernel, at: UserAddr, conflict: Option<Record>) -> SysResult {
    let kind = |kind: u32| u16::try_from(kind).unwrap_or(0).to_le_bytes();
    let Some(held) = conflict else {
        kernel.memory.write(at, &kind(linux::F_UNLCK))?;
        return Ok(0);
    };
    let mut bytes = alloc::vec::Vec::with_capacity(FLOCK);
    bytes.extend_from_slice(&kind(match held.strength {
        Strength::Shared => linux::F_RDLCK,
        Strength::Exclusive => linux::F_WRLCK,
    }));
    bytes.extend_from_slice(&kind(linux::SEEK_SET));
    bytes.resize(8, 0);
    let len = match held.last {
        u64::MAX => 0,
        last => last.saturating_sub(held.first).saturating_add(1),
    };
    // An open file's lock belongs to no process.
    let process = match held.owner {
        Owner::Process => u64::from(PROCESS_ID),
        Owner::File(_) => u64::from(u32::MAX),
    };
    for word in [held.first, len, process] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    // The last four bytes are padding.
    bytes.truncate(FLOCK.saturating_sub(4));
    kernel.memory.write(at, &bytes)?;
    Ok(0)
}

impl Kernel {
    /// Closing any descriptor of a file frees the process's record locks on it (fcntl(2)).
    pub(super) fn free_records(&self, file: &OpenFile) {
        if file.node().locks.borrow().is_some() && !file.is_name() {
            file.with_locks(|locks, _| locks.free(Owner::Process, 0, u64::MAX));
        }
    }
}
