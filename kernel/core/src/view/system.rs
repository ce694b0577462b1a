//! The system (proc_version(5), proc_stat(5), proc_uptime(5), proc_sys_kernel(5)).

use alloc::format;
use alloc::string::String;

use unikernel_machine::random;

use super::{Text, bytes};
use crate::errno::Errno;
use crate::fs::device::Device;
use crate::kernel::Kernel;
use crate::program::stack::CLOCK_TICKS;
use crate::random::SEED_BITS;
use crate::syscall::{HOST_NAME, RELEASE, SYSTEM, VERSION};
use crate::time::SECOND;

/// Nobody gives the kernel a command line.
pub(super) fn cmdline(_kernel: &mut Kernel) -> Text {
    Ok(b"\n".to_vec())
}

pub(super) fn devices(_kernel: &mut Kernel) -> Text {
    let major = |device: Device| device.number() >> 8;
    bytes(format!(
        "Character devices:\n{:>3} mem\n{:>3} /dev/tty\n{:>3} /dev/console\n\nBlock devices:\n",
        major(Device::Null),
        major(Device::Terminal),
        major(Device::Console),
    ))
}

pub(super) fn hostname(_kernel: &mut Kernel) -> Text {
    bytes(format!("{HOST_NAME}\n"))
}

pub(super) fn release(_kernel: &mut Kernel) -> Text {
    bytes(format!("{RELEASE}\n"))
}

pub(super) fn os_type(_kernel: &mut Kernel) -> Text {
    bytes(format!("{SYSTEM}\n"))
}

pub(super) fn build(_kernel: &mut Kernel) -> Text {
    bytes(format!("{VERSION}\n"))
}

pub(super) fn version(_kernel: &mut Kernel) -> Text {
    bytes(format!(
        "{SYSTEM} version {RELEASE} (unikernel) {VERSION}\n"
    ))
}

pub(super) fn boot_id(kernel: &mut Kernel) -> Text {
    let id = match kernel.shown.boot_id.get() {
        Some(id) => *id,
        None => {
            let id = random_id()?;
            *kernel.shown.boot_id.get_or_init(|| id)
        }
    };
    bytes(id_text(id))
}

/// Bits of entropy (random(4)): all of a generator's that was seeded, as the program would not run without.
pub(super) fn entropy(_kernel: &mut Kernel) -> Text {
    bytes(format!("{SEED_BITS}\n"))
}

pub(super) fn uuid(_kernel: &mut Kernel) -> Text {
    bytes(id_text(random_id()?))
}

/// A random number as RFC 9562 has it (version 4).
fn random_id() -> Result<[u8; 16], Errno> {
    let mut id = [0; 16];
    random::fill(&mut id).map_err(|_| Errno::EIO)?;
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    Ok(id)
}

fn id_text(id: [u8; 16]) -> String {
    let mut text = String::new();
    for (index, byte) in id.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    text
}

/// Seconds since the start, and those in which the program waited.
pub(super) fn uptime(kernel: &mut Kernel) -> Text {
    let [up, idle] = [kernel.clock.monotonic(), kernel.waited].map(|nanos| {
        let hundredths = nanos / (SECOND / 100);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    });
    bytes(format!("{up} {idle}\n"))
}

pub(super) fn stat(kernel: &mut Kernel) -> Text {
    let tick = SECOND / CLOCK_TICKS;
    let user = kernel.processor_time() / tick;
    let idle = kernel.waited / tick;
    let start = kernel.clock.unix_at_entry() / SECOND;
    bytes(format!(
        "cpu  {user} 0 0 {idle} 0 0 0 0 0 0\ncpu0 {user} 0 0 {idle} 0 0 0 0 0 0\nbtime {start}\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n"
    ))
}
