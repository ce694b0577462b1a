//! Waiting for descriptors by sets of bits: select(2), pselect6(2).

use alloc::vec::Vec;

use linux_raw_sys::general as linux;
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use super::poll::{state, while_blocked};
use super::time::{read_timespec, to_nanos};
use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::wait::Unmet;
use crate::time::SECOND;

/// What each of the three sets is about: reading, writing, exceptions (`fs/select.c` of Linux).
const ABOUT: [u32; 3] = [
    linux::POLLIN
        | linux::POLLRDNORM
        | linux::POLLRDBAND
        | linux::POLLHUP
        | linux::POLLERR
        | linux::POLLNVAL,
    linux::POLLOUT | linux::POLLWRNORM | linux::POLLWRBAND | linux::POLLERR | linux::POLLNVAL,
    linux::POLLPRI | linux::POLLNVAL,
];

/// Bits of a set that are read at once, and bytes.
const BITS: usize = 64;
const BYTES: u64 = 8;

/// A set of the program's: where it lies, and its bits; without an address there is none.
struct Set {
    at: UserAddr,
    words: Vec<u64>,
}

/// How a time-out is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// `struct timeval`.
    Micros,
    /// `struct timespec`.
    Nanos,
}

pub(super) fn select(
    kernel: &mut Kernel,
    count: i32,
    read: UserAddr,
    write: UserAddr,
    except: UserAddr,
    timeout: UserAddr,
) -> SysResult {
    let length = match timeout.0 {
        0 => None,
        _ => Some(read_timeval(kernel, timeout)?),
    };
    let deadline = deadline(kernel, length);
    let result = wait_for(kernel, count, [read, write, except], deadline);
    write_rest(kernel, timeout, length, deadline, Unit::Micros);
    result
}

pub(super) fn pselect6(
    kernel: &mut Kernel,
    count: i32,
    read: UserAddr,
    write: UserAddr,
    except: UserAddr,
    timeout: UserAddr,
    signals: UserAddr,
) -> SysResult {
    let (mask, mask_len) = match signals.0 {
        0 => (UserAddr(0), 0),
        _ => {
            let mask = kernel.memory.read_u64(signals)?;
            let len = signals.checked_add(8).ok_or(Errno::EFAULT)?;
            (UserAddr(mask), kernel.memory.read_u64(len)?)
        }
    };
    let length = match timeout.0 {
        0 => None,
        _ => Some(to_nanos(read_timespec(kernel, timeout)?).ok_or(Errno::EINVAL)?),
    };
    let deadline = deadline(kernel, length);
    let mask_len = usize::try_from(mask_len).map_err(|_| Errno::EINVAL)?;
    let result = while_blocked(kernel, mask, mask_len, |kernel| {
        wait_for(kernel, count, [read, write, except], deadline)
    });
    write_rest(kernel, timeout, length, deadline, Unit::Nanos);
    result
}

fn deadline(kernel: &Kernel, length: Option<u64>) -> Option<u64> {
    length.map(|length| kernel.clock.monotonic().saturating_add(length))
}

/// Reads a `struct timeval` as Linux does here: microseconds may be a second and more.
fn read_timeval(kernel: &mut Kernel, from: UserAddr) -> Result<u64, Errno> {
    let seconds = kernel.memory.read_u64(from)?.cast_signed();
    let micros = from.checked_add(8).ok_or(Errno::EFAULT)?;
    let micros = kernel.memory.read_u64(micros)?.cast_signed();
    let seconds = seconds.saturating_add(micros / 1_000_000);
    let (Ok(seconds), Ok(micros)) = (u64::try_from(seconds), u64::try_from(micros % 1_000_000))
    else {
        return Err(Errno::EINVAL);
    };
    Ok(seconds
        .saturating_mul(SECOND)
        .saturating_add(micros.saturating_mul(1000)))
}

/// Puts what is left of the time-out in its place. One of 0 stays, and where it can't be written that is no error.
fn write_rest(
    kernel: &mut Kernel,
    to: UserAddr,
    length: Option<u64>,
    deadline: Option<u64>,
    unit: Unit,
) {
    let (Some(1..), Some(deadline)) = (length, deadline) else {
        return;
    };
    let rest = deadline.saturating_sub(kernel.clock.monotonic());
    let part = match unit {
        Unit::Micros => rest % SECOND / 1000,
        Unit::Nanos => rest % SECOND,
    };
    let words = [rest / SECOND, part].map(u64::to_le_bytes);
    let _ = kernel.memory.write(to, words.as_flattened());
}

fn wait_for(
    kernel: &mut Kernel,
    count: i32,
    at: [UserAddr; 3],
    deadline: Option<u64>,
) -> SysResult {
    let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
    // As Linux has it: what lies behind the table of descriptors is not looked at.
    let table = kernel.descriptors.room().next_multiple_of(BITS).max(BITS);
    let count = count.min(table);
    let mut wanted = Vec::with_capacity(at.len());
    for at in at {
        let words = read_set(kernel, at, count)?;
        wanted.push(Set { at, words });
    }
    let numbers: Vec<usize> = (0..count)
        .filter(|number| wanted.iter().any(|set| set.has(*number)))
        .collect();
    for number in &numbers {
        kernel.descriptors.get(*number)?;
    }
    let mut came: Vec<Set> = Vec::new();
    let ready = kernel.wait_until(deadline, |kernel| {
        came = wanted.iter().map(Set::empty).collect();
        let mut ready: usize = 0;
        for number in &numbers {
            let events = match kernel.open_file(Fd(*number)) {
                Ok(file) => state(kernel, &file),
                Err(_) => linux::POLLNVAL,
            };
            for ((wanted, came), about) in wanted.iter().zip(&mut came).zip(ABOUT) {
                if events & about != 0 && wanted.has(*number) {
                    came.add(*number);
                    ready = ready.saturating_add(1);
                }
            }
        }
        (ready > 0).then_some(ready)
    });
    let ready = match ready {
        Ok(ready) => ready,
        Err(Unmet::TimedOut) => 0,
        Err(Unmet::Interrupted) => return Err(Errno::EINTR),
    };
    for set in &came {
        let bytes: Vec<u8> = set
            .words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        if set.at.0 != 0 {
            kernel.memory.write(set.at, &bytes)?;
        }
    }
    Ok(ready)
}

/// The words that hold `count` bits; bits behind those count as 0.
fn read_set(kernel: &mut Kernel, at: UserAddr, count: usize) -> Result<Vec<u64>, Errno> {
    let mut words = Vec::new();
    if at.0 == 0 {
        return Ok(words);
    }
    for index in 0..count.div_ceil(BITS) as u64 {
        let word = at.checked_add(index.saturating_mul(BYTES));
        words.push(kernel.memory.read_u64(word.ok_or(Errno::EFAULT)?)?);
    }
    Ok(words)
}

impl Set {
    fn has(&self, number: usize) -> bool {
        let word = self.words.get(number / BITS);
        word.is_some_and(|word| word >> (number % BITS) & 1 != 0)
    }

    fn add(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / BITS) {
            *word |= 1 << (number % BITS);
        }
    }

    /// One like it without bits.
    fn empty(&self) -> Self {
        Self {
            at: self.at,
            words: self.words.iter().map(|_| 0).collect(),
        }
    }
}
