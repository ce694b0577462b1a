//! Structures as strace(1) writes them; the layouts are those of x86-64.

use unikernel_abi::bytes::{u16_at, u32_at, u64_at};

use super::sets::{self, Set};
use super::text;

/// What lies in a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// A signed number of so many bytes.
    Signed(usize),
    /// An unsigned number of so many bytes.
    Unsigned(usize),
    /// An address.
    Address,
    /// An address that is left out when it is null.
    AddressIfAny,
    /// A number of so many bytes with named values.
    Named(usize, &'static Set),
    /// `st_mode`, of so many bytes.
    Mode(usize),
    /// A signal's handler.
    Handler,
    /// A set of signals.
    Signals,
    /// Nanoseconds, or a word of utimensat(2).
    Nanoseconds,
    /// A limit of `setrlimit(2)`.
    Limit,
    /// Bytes up to a NUL, at most so many.
    Text(usize),
    /// So many numbers of 8 bytes.
    Numbers(usize),
    /// Another structure.
    Nested(&'static Structure),
}

/// A structure of the system call interface.
#[derive(Debug)]
pub(super) struct Structure {
    /// Length in bytes.
    pub(super) size: u16,
    /// Name, offset and kind of the fields that are shown.
    pub(super) fields: &'static [(&'static str, usize, Field)],
    /// Whether others are left out.
    pub(super) is_shortened: bool,
}

impl Structure {
    /// The structure in these bytes; `None` when they are too few.
    pub(super) fn show(&self, bytes: &[u8]) -> Option<String> {
        if bytes.len() < usize::from(self.size) {
            return None;
        }
        let mut parts = Vec::new();
        for (name, offset, field) in self.fields {
            if let Some(value) = field.show(bytes.get(*offset..)?)? {
                parts.push(format!("{name}={value}"));
            }
        }
        if self.is_shortened {
            parts.push("...".to_owned());
        }
        Some(format!("{{{}}}", parts.join(", ")))
    }
}

impl Field {
    /// The field at the start of `bytes`; within, `None` when it is left out.
    fn show(self, bytes: &[u8]) -> Option<Option<String>> {
        Some(Some(match self {
            Self::Signed(len) => text::signed(number(bytes, len)?, len).to_string(),
            Self::Unsigned(len) => number(bytes, len)?.to_string(),
            Self::Address => text::address(u64_at(bytes, 0)?),
            Self::AddressIfAny => match u64_at(bytes, 0)? {
                0 => return Some(None),
                address => text::address(address),
            },
            Self::Named(len, set) => set.name(number(bytes, len)?),
            Self::Mode(len) => mode(number(bytes, len)?),
            Self::Handler => match u64_at(bytes, 0)? {
                word @ 0..=1 => sets::HANDLER.name(word),
                address => text::address(address),
            },
            Self::Signals => signals(u64_at(bytes, 0)?),
            Self::Nanoseconds => match u64_at(bytes, 0)? {
                0x3fff_ffff => "UTIME_NOW".to_owned(),
                0x3fff_fffe => "UTIME_OMIT".to_owned(),
                value => value.cast_signed().to_string(),
            },
            Self::Limit => limit(u64_at(bytes, 0)?),
            Self::Text(len) => text::terminated(bytes.get(..len)?, len),
            Self::Numbers(n) => {
                let all: Option<Vec<_>> = (0..n).map(|index| u64_at(bytes, index * 8)).collect();
                let all: Vec<_> = all?.iter().map(u64::to_string).collect();
                format!("[{}]", all.join(", "))
            }
            Self::Nested(structure) => structure.show(bytes)?,
        }))
    }
}

fn number(bytes: &[u8], len: usize) -> Option<u64> {
    match len {
        1 => bytes.first().map(|byte| u64::from(*byte)),
        2 => u16_at(bytes, 0).map(u64::from),
        4 => u32_at(bytes, 0).map(u64::from),
        _ => u64_at(bytes, 0),
    }
}

/// Type and permissions of a file.
pub(super) fn mode(value: u64) -> String {
    let (kind, permissions) = (value & 0o170_000, value & 0o7777);
    match kind {
        0 => text::octal(permissions),
        _ => format!(
            "{}|{}",
            sets::FILE_TYPE.name(kind),
            text::octal(permissions)
        ),
    }
}

/// A set of signals, by name; one with more than half of them by those that are missing.
pub(super) fn signals(set: u64) -> String {
    let (sign, listed) = if set.count_ones() > 32 {
        ("~", !set)
    } else {
        ("", set)
    };
    let names = (1..=64).filter(|signal| listed >> (signal - 1) & 1 != 0);
    let names: Vec<_> = names.map(short_signal).collect();
    format!("{sign}[{}]", names.join(" "))
}

fn short_signal(signal: u64) -> String {
    match signal {
        0..=31 => super::super::diagnose::signal_name(signal)
            .trim_start_matches("SIG")
            .to_owned(),
        32 => "RTMIN".to_owned(),
        _ => format!("RT_{}", signal - 32),
    }
}

/// A signal by name.
pub(super) fn signal(number: u64) -> String {
    match number {
        1..=31 => super::super::diagnose::signal_name(number),
        32 => "SIGRTMIN".to_owned(),
        33..=64 => format!("SIGRT_{}", number - 32),
        _ => number.to_string(),
    }
}

fn limit(value: u64) -> String {
    match value {
        u64::MAX => "RLIM64_INFINITY".to_owned(),
        _ if value > 1024 && value.is_multiple_of(1024) => format!("{}*1024", value / 1024),
        _ => value.to_string(),
    }
}

const fn whole(size: u16, fields: &'static [(&'static str, usize, Field)]) -> Structure {
    Structure {
        size,
        fields,
        is_shortened: false,
    }
}

const fn part(size: u16, fields: &'static [(&'static str, usize, Field)]) -> Structure {
    Structure {
        size,
        fields,
        is_shortened: true,
    }
}

pub(super) static TIMESPEC: Structure = whole(
    16,
    &[
        ("tv_sec", 0, Field::Signed(8)),
        ("tv_nsec", 8, Field::Nanoseconds),
    ],
);
pub(super) static TIMEVAL: Structure = whole(
    16,
    &[
        ("tv_sec", 0, Field::Signed(8)),
        ("tv_usec", 8, Field::Signed(8)),
    ],
);
pub(super) static ITIMERVAL: Structure = whole(
    32,
    &[
        ("it_interval", 0, Field::Nested(&TIMEVAL)),
        ("it_value", 16, Field::Nested(&TIMEVAL)),
    ],
);
pub(super) static ITIMERSPEC: Structure = whole(
    32,
    &[
        ("it_interval", 0, Field::Nested(&TIMESPEC)),
        ("it_value", 16, Field::Nested(&TIMESPEC)),
    ],
);
pub(super) static STAT: Structure = part(
    144,
    &[
        ("st_mode", 24, Field::Mode(4)),
        ("st_size", 48, Field::Signed(8)),
    ],
);
pub(super) static STATX: Structure = part(
    256,
    &[
        ("stx_mask", 0, Field::Named(4, &sets::STATX)),
        ("stx_attributes", 8, Field::Unsigned(8)),
        ("stx_mode", 28, Field::Mode(2)),
        ("stx_size", 40, Field::Unsigned(8)),
    ],
);
pub(super) static STATFS: Structure = part(
    120,
    &[
        ("f_type", 0, Field::Named(8, &sets::FILE_SYSTEM)),
        ("f_bsize", 8, Field::Signed(8)),
        ("f_blocks", 16, Field::Unsigned(8)),
        ("f_bfree", 24, Field::Unsigned(8)),
        ("f_bavail", 32, Field::Unsigned(8)),
    ],
);
pub(super) static RLIMIT: Structure = whole(
    16,
    &[("rlim_cur", 0, Field::Limit), ("rlim_max", 8, Field::Limit)],
);
pub(super) static RUSAGE: Structure = part(
    144,
    &[
        ("ru_utime", 0, Field::Nested(&TIMEVAL)),
        ("ru_stime", 16, Field::Nested(&TIMEVAL)),
    ],
);
pub(super) static TMS: Structure = whole(
    32,
    &[
        ("tms_utime", 0, Field::Signed(8)),
        ("tms_stime", 8, Field::Signed(8)),
        ("tms_cutime", 16, Field::Signed(8)),
        ("tms_cstime", 24, Field::Signed(8)),
    ],
);
pub(super) static SYSINFO: Structure = part(
    112,
    &[
        ("uptime", 0, Field::Signed(8)),
        ("loads", 8, Field::Numbers(3)),
        ("totalram", 32, Field::Unsigned(8)),
        ("freeram", 40, Field::Unsigned(8)),
    ],
);
pub(super) static UTSNAME: Structure = part(
    390,
    &[
        ("sysname", 0, Field::Text(65)),
        ("nodename", 65, Field::Text(65)),
    ],
);
pub(super) static POLL: Structure = whole(
    8,
    &[
        ("fd", 0, Field::Signed(4)),
        ("events", 4, Field::Named(2, &sets::POLL)),
    ],
);
pub(super) static POLLED: Structure = whole(
    8,
    &[
        ("fd", 0, Field::Signed(4)),
        ("revents", 6, Field::Named(2, &sets::POLL)),
    ],
);
pub(super) static ACTION: Structure = whole(
    32,
    &[
        ("sa_handler", 0, Field::Handler),
        ("sa_mask", 24, Field::Signals),
        ("sa_flags", 8, Field::Named(8, &sets::SIGNAL_ACTION)),
        ("sa_restorer", 16, Field::AddressIfAny),
    ],
);
pub(super) static SIGNAL_STACK: Structure = whole(
    24,
    &[
        ("ss_sp", 0, Field::Address),
        ("ss_flags", 8, Field::Named(4, &sets::SIGNAL_STACK)),
        ("ss_size", 16, Field::Unsigned(8)),
    ],
);
pub(super) static LOCK: Structure = whole(
    32,
    &[
        ("l_type", 0, Field::Named(2, &sets::LOCK)),
        ("l_whence", 2, Field::Named(2, &sets::SEEK)),
        ("l_start", 8, Field::Signed(8)),
        ("l_len", 16, Field::Signed(8)),
    ],
);
pub(super) static FOUND_LOCK: Structure = whole(
    32,
    &[
        ("l_type", 0, Field::Named(2, &sets::LOCK)),
        ("l_whence", 2, Field::Named(2, &sets::SEEK)),
        ("l_start", 8, Field::Signed(8)),
        ("l_len", 16, Field::Signed(8)),
        ("l_pid", 24, Field::Signed(4)),
    ],
);
pub(super) static WINDOW: Structure = whole(
    8,
    &[
        ("ws_row", 0, Field::Unsigned(2)),
        ("ws_col", 2, Field::Unsigned(2)),
        ("ws_xpixel", 4, Field::Unsigned(2)),
        ("ws_ypixel", 6, Field::Unsigned(2)),
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_shown_field_by_field() {
        let mut stat = [0; 144];
        stat[24..28].copy_from_slice(&0o100_644_u32.to_le_bytes());
        stat[48] = 50;
        let shown = STAT.show(&stat).unwrap();
        assert_eq!(shown, "{st_mode=S_IFREG|0644, st_size=50, ...}");
        assert_eq!(STAT.show(&stat[..143]), None);
        let mut time = [0; 16];
        time[8..].copy_from_slice(&0x3fff_ffff_u64.to_le_bytes());
        assert_eq!(
            TIMESPEC.show(&time).unwrap(),
            "{tv_sec=0, tv_nsec=UTIME_NOW}"
        );
    }

    #[test]
    fn actions_leave_a_missing_restorer_out() {
        let shown = ACTION.show(&[0; 32]).unwrap();
        assert_eq!(shown, "{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}");
    }

    #[test]
    fn signals_and_limits_have_names() {
        assert_eq!(signals(1 << 1 | 1 << 11), "[INT USR2]");
        assert_eq!(signals(!(1 << 31)), "~[RTMIN]");
        assert_eq!(signal(34), "SIGRT_2");
        assert_eq!(limit(8 << 20), "8192*1024");
        assert_eq!(limit(u64::MAX), "RLIM64_INFINITY");
    }
}
