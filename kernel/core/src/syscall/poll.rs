//! Waiting for descriptors: poll(2), ppoll(2).

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use super::time::{read_timespec, to_nanos};
use crate::driver::streams::Stream;
use crate::errno::{Errno, SysResult};
use crate::fs::device::Device;
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;
use crate::process::signal::SignalSet;
use crate::process::wait::Unmet;

/// Length of a `struct pollfd`: descriptor, events, events that came.
const ENTRY: u64 = 8;

/// One descriptor that is waited for.
struct Wanted {
    fd: i32,
    events: u32,
    came: u32,
}

pub(super) fn poll(
    kernel: &mut Kernel,
    list: UserAddr,
    count: usize,
    timeout_ms: i32,
) -> SysResult {
    let deadline = u64::try_from(timeout_ms).ok().map(|millis| {
        kernel
            .clock
            .monotonic()
            .saturating_add(millis.saturating_mul(1_000_000))
    });
    wait_for(kernel, list, count, deadline)
}

pub(super) fn ppoll(
    kernel: &mut Kernel,
    list: UserAddr,
    count: usize,
    timeout: UserAddr,
    mask: UserAddr,
    mask_len: usize,
) -> SysResult {
    let deadline = match timeout.0 {
        0 => None,
        _ => {
            let nanos = to_nanos(read_timespec(kernel, timeout)?).ok_or(Errno::EINVAL)?;
            Some(kernel.clock.monotonic().saturating_add(nanos))
        }
    };
    while_blocked(kernel, mask, mask_len, |kernel| {
        wait_for(kernel, list, count, deadline)
    })
}

/// Waits with other signals blocked than usual: those at `mask`, if it is not 0.
pub(super) fn while_blocked(
    kernel: &mut Kernel,
    mask: UserAddr,
    mask_len: usize,
    wait: impl FnOnce(&mut Kernel) -> SysResult,
) -> SysResult {
    if mask.0 == 0 {
        return wait(kernel);
    }
    if mask_len != 8 {
        return Err(Errno::EINVAL);
    }
    let while_waiting = SignalSet(kernel.memory.read_u64(mask)?).blockable();
    kernel.signals.block_while_waiting(while_waiting);
    let result = wait(kernel);
    // What the mask let through is acted upon before the old one counts again.
    if result != Err(Errno::EINTR)
        && let Some(before) = kernel.signals.blocked_before.take()
    {
        kernel.signals.blocked = before;
    }
    result
}

fn wait_for(kernel: &mut Kernel, list: UserAddr, count: usize, deadline: Option<u64>) -> SysResult {
    if count > kernel.descriptors.limit {
        return Err(Errno::EINVAL);
    }
    let mut wanted = read_list(kernel, list, count)?;
    let ready = kernel.wait_until(deadline, |kernel| {
        let mut ready: usize = 0;
        for entry in &mut wanted {
            entry.came = events(kernel, entry);
            ready = ready.saturating_add(usize::from(entry.came != 0));
        }
        (ready > 0).then_some(ready)
    });
    let ready = match ready {
        Ok(ready) => ready,
        Err(Unmet::TimedOut) => 0,
        Err(Unmet::Interrupted) => return Err(Errno::EINTR),
    };
    for (index, entry) in wanted.iter().enumerate() {
        let at = list
            .checked_add((index as u64).saturating_mul(ENTRY).saturating_add(6))
            .ok_or(Errno::EFAULT)?;
        kernel
            .memory
            .write(at, &u16::try_from(entry.came).unwrap_or(0).to_le_bytes())?;
    }
    Ok(ready)
}

fn read_list(kernel: &mut Kernel, list: UserAddr, count: usize) -> Result<Vec<Wanted>, Errno> {
    let mut wanted = Vec::with_capacity(count);
    for index in 0..count as u64 {
        let word = kernel.memory.read_u64(
            list.checked_add(index.saturating_mul(ENTRY))
                .ok_or(Errno::EFAULT)?,
        )?;
        let [a, b, c, d, e, f, ..] = word.to_le_bytes();
        wanted.push(Wanted {
            fd: i32::from_le_bytes([a, b, c, d]),
            events: u32::from(u16::from_le_bytes([e, f])),
            came: 0,
        });
    }
    Ok(wanted)
}

/// What can be told about one descriptor now; errors and hang-ups are told unasked.
fn events(kernel: &Kernel, wanted: &Wanted) -> u32 {
    let Ok(number) = usize::try_from(wanted.fd) else {
        return 0;
    };
    match kernel.open_file(Fd(number)) {
        Ok(file) => {
            let unasked = linux::POLLERR | linux::POLLHUP | linux::POLLNVAL;
            state(kernel, &file) & (wanted.events | unasked)
        }
        Err(_) => linux::POLLNVAL,
    }
}

/// All that can be told about an open file now.
pub(super) fn state(kernel: &Kernel, file: &OpenFile) -> u32 {
    if file.is_name() {
        return linux::POLLNVAL;
    }
    let both = linux::POLLIN | linux::POLLRDNORM | linux::POLLOUT | linux::POLLWRNORM;
    let stream = match file.target {
        Target::Stream(stream, _) => stream,
        Target::Device(Device::Terminal | Device::Console, _) => {
            return terminal_state(kernel);
        }
        _ => return both,
    };
    let mut streams = kernel.streams.borrow_mut();
    if stream == Stream::Stdin {
        let readable = if streams.waiting() > 0 {
            linux::POLLIN | linux::POLLRDNORM
        } else {
            0
        };
        return if streams.has_ended() {
            linux::POLLHUP
        } else {
            readable
        };
    }
    if streams.can_send(stream) {
        linux::POLLOUT | linux::POLLWRNORM
    } else {
        0
    }
}

/// The host's terminal can always be written to; it is readable when somebody typed something.
fn terminal_state(kernel: &Kernel) -> u32 {
    let mut streams = kernel.streams.borrow_mut();
    let readable = if streams.is_terminal(Stream::Stdin) && streams.waiting() > 0 {
        linux::POLLIN | linux::POLLRDNORM
    } else {
        0
    };
    readable | linux::POLLOUT | linux::POLLWRNORM
}
