//! Names and numbers on x86-64: Linux's system calls (`arch/x86/entry/syscalls/syscall_64.tbl`), relocations (its psABI).

use object::elf::{NAMES_R_X86_64, RelocationType};
use syscalls::x86_64::Sysno;

/// The number of the system call with this name.
#[must_use]
pub fn number_of(name: &str) -> Option<u32> {
    let found = Sysno::iter().find(|call| call.name() == name)?;
    u32::try_from(found.id()).ok()
}

/// The name of the system call with this number.
#[must_use]
pub fn name_of(number: u32) -> Option<&'static str> {
    Some(Sysno::new(usize::try_from(number).ok()?)?.name())
}

/// The name of a relocation type: `GLOB_DAT`.
#[must_use]
pub fn relocation_name(number: u32) -> Option<&'static str> {
    NAMES_R_X86_64
        .name(RelocationType(number))?
        .strip_prefix("R_X86_64_")
}

/// The number of the relocation type with this name.
pub(super) fn relocation_number(name: &str) -> Option<u32> {
    // The psABI numbers them up to 48 today.
    (0..256).find(|number| relocation_name(*number) == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_number_lead_to_each_other() {
        for (number, name) in [(0, "read"), (59, "execve"), (435, "clone3")] {
            assert_eq!(number_of(name), Some(number));
            assert_eq!(name_of(number), Some(name));
        }
        assert_eq!(number_of("posix_spawn"), None);
        assert_eq!(name_of(100_000), None);
    }
}
