//! Limits (proc_pid_limits(5)).

use alloc::format;
use alloc::string::{String, ToString};

use super::{Text, bytes};
use crate::fs::descriptors::HARD_LIMIT;
use crate::kernel::Kernel;
use crate::process::thread::PROCESS_ID;
use crate::syscall::limit;

/// The limits by number (`RLIMIT_*`), as Linux names them.
const NAMES: [(&str, &str); 16] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];

pub(super) fn limits(kernel: &mut Kernel) -> Text {
    let mut text = String::from(
        "Limit                     Soft Limit           Hard Limit           Units     \n",
    );
    for (number, (name, unit)) in (0..).zip(NAMES) {
        let (soft, hard) = limit(kernel, number)?;
        text.push_str(&format!(
            "{name:<25} {:<20} {:<20} {unit:<10}\n",
            shown(soft),
            shown(hard)
        ));
    }
    bytes(text)
}

fn shown(limit: u64) -> String {
    if limit == u64::MAX {
        "unlimited".to_string()
    } else {
        limit.to_string()
    }
}

/// Behind the highest process id.
pub(super) fn ids(_kernel: &mut Kernel) -> Text {
    bytes(format!("{}\n", PROCESS_ID.saturating_add(1)))
}

/// How many connections may wait at a socket: there are no sockets.
pub(super) fn waiting_connections(_kernel: &mut Kernel) -> Text {
    Ok(b"0\n".to_vec())
}

/// How many files can be open at most: there is one process.
pub(super) fn open_files(_kernel: &mut Kernel) -> Text {
    bytes(format!("{HARD_LIMIT}\n"))
}
