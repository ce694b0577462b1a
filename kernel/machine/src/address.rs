//! Addresses: physical ones, the program's allegations, and pages proven to be the program's.

/// The size of a page and of a frame in bytes.
pub const PAGE_SIZE: usize = 4096;

/// The bits of an address that lie within a page.
pub const PAGE_MASK: u64 = 4095;

/// The first address that a program may use: below it, a null pointer with an offset must fault.
pub const USER_START: u64 = 0x1_0000;

/// The first address behind the program's half (Linux's `TASK_SIZE` on x86-64: one page short of the canonical hole, because a
/// `SYSCALL` at its very edge would return to a non-canonical address).
pub const USER_END: u64 = 0x7fff_ffff_f000;

/// A physical address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysAddr(pub u64);

/// A number that the program alleges to be an address of its own: any number whatsoever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UserAddr(pub u64);

impl UserAddr {
    /// The address `bytes` further on, or `None` when there is no such number.
    #[must_use]
    pub const fn checked_add(self, bytes: u64) -> Option<Self> {
        match self.0.checked_add(bytes) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// How far into its page the address lies.
    #[must_use]
    pub const fn page_offset(self) -> usize {
        (self.0 & PAGE_MASK) as usize
    }
}

/// The number of a page that lies in the program's half: below [`USER_END`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserPage(u64);

impl UserPage {
    /// The number of the first page behind the program's half.
    pub const END: u64 = USER_END / PAGE_SIZE as u64;

    /// The page with this number, if it is in the program's half.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number < Self::END {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The page that holds `address`, if it is in the program's half.
    #[must_use]
    pub const fn containing(address: UserAddr) -> Option<Self> {
        Self::new(address.0 / PAGE_SIZE as u64)
    }

    /// The address of the page's first byte.
    #[must_use]
    pub const fn start(self) -> UserAddr {
        // Nothing is shifted out of a number in the program's half.
        UserAddr(self.0 << PAGE_SIZE.ilog2())
    }

    /// The page behind this one, if it is in the program's half.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0.wrapping_add(1))
    }

    /// The page's number: its address divided by [`PAGE_SIZE`].
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_programs_half_ends() {
        let last = UserPage::containing(UserAddr(USER_END - 1)).unwrap();
        assert_eq!(last.start(), UserAddr(USER_END - 4096));
        assert_eq!(last.next(), None);
        assert_eq!(UserPage::containing(UserAddr(USER_END)), None);
        assert_eq!(UserPage::containing(UserAddr(u64::MAX)), None);
    }
}
