//! Named values: words that exclude each other and flags that don't, from Linux's headers (`include/uapi`).

mod file;
mod memory;
mod process;

pub(super) use file::{
    ACCESS, AT, AT_ACCESS, AT_STATX, AT_UNLINK, CLOEXEC, CLOSE_RANGE, EPOLL_CONTROL, EPOLL_CREATE,
    FALLOCATE, FAMILY, FCNTL, FD, FILE_ADVICE, FILE_SYSTEM, FILE_TYPE, FLOCK, IOCTL, LOCK, OPEN,
    POLL, READ_WRITE, RENAME, SEALS, SEEK, SOCKET, STATX,
};
pub(super) use memory::{ADVICE, LOCK_ALL, MAP, MEMFD, PROTECTION, REMAP, SYNC};
pub(super) use process::{
    ARCH_PRCTL, CLOCK, FUTEX, HANDLER, INTERVAL, PRCTL, RANDOM, RESOURCE, SIGNAL_ACTION,
    SIGNAL_MASK, SIGNAL_STACK, TIMER, USAGE, WAIT, WAIT_FOR,
};

/// The names of a number's values.
#[derive(Debug)]
pub(super) struct Set {
    /// The bits that hold one of `words`; 0 when there are only flags.
    pub(super) mask: u64,
    /// Values that exclude each other.
    pub(super) words: &'static [(u64, &'static str)],
    /// Values that are added. What covers several bits stands before what covers one of them.
    pub(super) flags: &'static [(u64, &'static str)],
}

/// A number that is one of a few words.
const fn words(words: &'static [(u64, &'static str)]) -> Set {
    Set {
        mask: u64::MAX,
        words,
        flags: &[],
    }
}

/// A number made of flags.
const fn flags(flags: &'static [(u64, &'static str)]) -> Set {
    Set {
        mask: 0,
        words: &[],
        flags,
    }
}

impl Set {
    /// A value by its names; what has none is a number.
    pub(super) fn name(&self, value: u64) -> String {
        let mut parts = Vec::new();
        let mut rest = value & !self.mask;
        let word = value & self.mask;
        let named = self.words.iter().find(|(known, _)| *known == word);
        match named {
            Some((_, name)) => parts.push((*name).to_owned()),
            None => rest |= word,
        }
        for (bits, name) in self.flags {
            if rest & bits == *bits && *bits != 0 {
                parts.push((*name).to_owned());
                rest &= !bits;
            }
        }
        if rest != 0 || parts.is_empty() {
            parts.push(super::text::hex(rest));
        }
        parts.join("|")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_flags_are_joined() {
        let check = |set: &Set, value, expected: &str| assert_eq!(set.name(value), expected);
        check(&OPEN, 0o1102, "O_RDWR|O_CREAT|O_TRUNC");
        check(&OPEN, 0, "O_RDONLY");
        check(&MAP, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS");
        check(&PROTECTION, 0, "PROT_NONE");
        check(&PROTECTION, 5, "PROT_READ|PROT_EXEC");
        check(&SEEK, 7, "0x7");
        check(&AT, 0, "0");
        check(&AT, 0x1100, "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH");
        check(&FUTEX, 0x100, "FUTEX_WAIT|FUTEX_CLOCK_REALTIME");
        check(&AT, 0x8000_0100, "AT_SYMLINK_NOFOLLOW|0x80000000");
    }
}
