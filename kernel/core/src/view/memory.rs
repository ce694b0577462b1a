//! The machine's memory (proc_meminfo(5), proc_sys_vm(5)).

use alloc::format;
use alloc::string::String;

use unikernel_machine::frame::usage;

use super::{Text, bytes};
use crate::kernel::Kernel;
use crate::memory::{MAX_AREAS, PAGE};

pub(super) fn meminfo(kernel: &mut Kernel) -> Text {
    let free = (usage().free as u64).saturating_mul(PAGE);
    let lines = [
        ("MemTotal", kernel.memory_total),
        ("MemFree", free),
        ("MemAvailable", free),
        // Files lie in memory or in the image: there is no disk to buffer, and nothing to swap to.
        ("Buffers", 0),
        ("Cached", 0),
        ("SwapCached", 0),
        ("SwapTotal", 0),
        ("SwapFree", 0),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        let label = format!("{name}:");
        text.push_str(&format!("{label:<15} {:>8} kB\n", value / 1024));
    }
    bytes(text)
}

/// How likely the process is to be ended when memory runs out, as Linux counts it (`oom_badness`): from 666 for one that has
/// taken nothing to 1333.
pub(super) fn badness(_kernel: &mut Kernel) -> Text {
    let memory = usage();
    let taken = memory.total.saturating_sub(memory.free);
    let share = taken.saturating_mul(1000).checked_div(memory.total);
    let score = share.unwrap_or(0).saturating_add(1000).saturating_mul(2) / 3;
    bytes(format!("{score}\n"))
}

/// Nothing can change that: there is nobody else to be ended.
pub(super) fn adjustment(_kernel: &mut Kernel) -> Text {
    Ok(b"0\n".to_vec())
}

/// None.
pub(super) fn swaps(_kernel: &mut Kernel) -> Text {
    Ok(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_vec())
}

pub(super) fn max_map_count(_kernel: &mut Kernel) -> Text {
    bytes(format!("{MAX_AREAS}\n"))
}

/// Linux's heuristic, which refuses what could never be there.
pub(super) fn overcommit(_kernel: &mut Kernel) -> Text {
    Ok(b"0\n".to_vec())
}

pub(super) fn huge_pages(_kernel: &mut Kernel) -> Text {
    Ok(b"always madvise [never]\n".to_vec())
}

/// The hardware's.
pub(super) fn huge_page_size(_kernel: &mut Kernel) -> Text {
    bytes(format!("{}\n", 2 << 20))
}
