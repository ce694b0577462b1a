//! The system: uname(2), sysinfo(2), getrandom(2), getrlimit(2), getrusage(2).

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;
use unikernel_machine::frame::usage;

use super::lock::MAX_RECORDS;
use super::transfer::fill_random;
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::memory::PAGE;
use crate::memory::layout::STACK_LIMIT;
use crate::process::signal::pending::MAX_PENDING;
use crate::process::thread::PROCESS_ID;
use crate::time::SECOND;
use crate::view::FIXED_POINT;

/// The system's name.
pub(crate) const SYSTEM: &str = "Linux";

/// The machine's name.
pub(crate) const HOST_NAME: &str = "unikernel";

/// The Linux whose interface this is: what C libraries compare with.
pub(crate) const RELEASE: &str = "6.1.0";

/// Which kernel it really is.
pub(crate) const VERSION: &str = concat!("#1 unikernel ", env!("CARGO_PKG_VERSION"));

/// `RLIM_INFINITY`.
const UNLIMITED: u64 = u64::MAX;

pub(super) fn uname(kernel: &mut Kernel, to: UserAddr) -> SysResult {
    /// The length of each field of `struct utsname`.
    const FIELD: usize = 65;
    let mut bytes = Vec::with_capacity(6 * FIELD);
    for (index, text) in [SYSTEM, HOST_NAME, RELEASE, VERSION, "x86_64", "(none)"]
        .into_iter()
        .enumerate()
    {
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(index.saturating_add(1).saturating_mul(FIELD), 0);
    }
    kernel.memory.write(to, &bytes)?;
    Ok(0)
}

pub(super) fn sysinfo(kernel: &mut Kernel, to: UserAddr) -> SysResult {
    let memory = usage();
    let mut bytes = Vec::with_capacity(112);
    let free = (memory.free as u64).saturating_mul(PAGE);
    let uptime = kernel.clock.monotonic() / SECOND;
    // These are in units of 1/65536.
    let [one, five, fifteen] = kernel
        .load_averages()
        .map(|average| average.saturating_mul(65_536 / FIXED_POINT));
    for word in [
        uptime,
        one,
        five,
        fifteen,
        kernel.memory_total,
        free,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
    ] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    // The unit of all of them is a byte.
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.resize(112, 0);
    kernel.memory.write(to, &bytes)?;
    Ok(0)
}

pub(super) fn getrandom(kernel: &mut Kernel, to: UserAddr, len: usize, flags: u32) -> SysResult {
    let known = linux::GRND_NONBLOCK | linux::GRND_RANDOM | linux::GRND_INSECURE;
    if flags & !known != 0
        || flags & (linux::GRND_RANDOM | linux::GRND_INSECURE)
            == linux::GRND_RANDOM | linux::GRND_INSECURE
    {
        return Err(Errno::EINVAL);
    }
    // The machine's source does not run dry; one that fails is told as one that has nothing yet.
    match fill_random(kernel, to, len.min(0x1ff_ffff)) {
        Err(Errno::EIO) => Err(Errno::EAGAIN),
        result => result,
    }
}

pub(super) fn getrlimit(kernel: &mut Kernel, resource: u32, to: UserAddr) -> SysResult {
    prlimit64(kernel, 0, resource, UserAddr(0), to)
}

pub(super) fn setrlimit(kernel: &mut Kernel, resource: u32, from: UserAddr) -> SysResult {
    prlimit64(kernel, 0, resource, from, UserAddr(0))
}

pub(super) fn prlimit64(
    kernel: &mut Kernel,
    pid: u32,
    resource: u32,
    new: UserAddr,
    old: UserAddr,
) -> SysResult {
    if pid != 0 && pid != PROCESS_ID {
        return Err(Errno::ESRCH);
    }
    let before = limit(kernel, resource)?;
    if new.0 != 0 {
        let soft = kernel.memory.read_u64(new)?;
        let hard = kernel
            .memory
            .read_u64(new.checked_add(8).ok_or(Errno::EFAULT)?)?;
        set_limit(kernel, resource, before, (soft, hard))?;
    }
    if old.0 != 0 {
        let (soft, hard) = before;
        kernel
            .memory
            .write(old, [soft.to_le_bytes(), hard.to_le_bytes()].as_flattened())?;
    }
    Ok(0)
}

/// Soft and hard limit.
pub(crate) fn limit(kernel: &Kernel, resource: u32) -> Result<(u64, u64), Errno> {
    match resource {
        linux::RLIMIT_STACK => Ok((STACK_LIMIT, STACK_LIMIT)),
        linux::RLIMIT_CORE => Ok((0, 0)),
        linux::RLIMIT_NOFILE => Ok((
            kernel.descriptors.limit as u64,
            kernel.descriptors.hard_limit as u64,
        )),
        linux::RLIMIT_NPROC => Ok((1, 1)),
        // Of each file.
        linux::RLIMIT_LOCKS => Ok((MAX_RECORDS as u64, MAX_RECORDS as u64)),
        linux::RLIMIT_SIGPENDING => Ok((MAX_PENDING as u64, MAX_PENDING as u64)),
        resource if resource < linux::RLIM_NLIMITS => Ok((UNLIMITED, UNLIMITED)),
        _ => Err(Errno::EINVAL),
    }
}

/// Only the number of descriptors is a limit that is kept; any other may be set to what it is.
fn set_limit(
    kernel: &mut Kernel,
    resource: u32,
    before: (u64, u64),
    wanted: (u64, u64),
) -> Result<(), Errno> {
    let (soft, hard) = wanted;
    if soft > hard {
        return Err(Errno::EINVAL);
    }
    if hard > before.1 {
        return Err(Errno::EPERM);
    }
    if resource == linux::RLIMIT_NOFILE {
        kernel.descriptors.limit = usize::try_from(soft).map_err(|_| Errno::EINVAL)?;
        kernel.descriptors.hard_limit = usize::try_from(hard).map_err(|_| Errno::EINVAL)?;
        return Ok(());
    }
    if wanted == before {
        Ok(())
    } else {
        Err(Errno::EPERM)
    }
}

pub(super) fn getrusage(kernel: &mut Kernel, who: i32, to: UserAddr) -> SysResult {
    let nanos = match who {
        // RUSAGE_SELF, RUSAGE_THREAD.
        0 | 1 => kernel.processor_time(),
        // RUSAGE_CHILDREN.
        -1 => 0,
        _ => return Err(Errno::EINVAL),
    };
    let memory = usage();
    let used = (memory.total.saturating_sub(memory.free) as u64).saturating_mul(PAGE / 1024);
    let mut fields = [0; 18];
    let start = [nanos / SECOND, nanos % SECOND / 1000, 0, 0, used];
    for (field, value) in fields.iter_mut().zip(start) {
        *field = value;
    }
    kernel
        .memory
        .write(to, fields.map(u64::to_le_bytes).as_flattened())?;
    Ok(0)
}
