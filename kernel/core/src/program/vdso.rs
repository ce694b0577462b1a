//! Gives a program the vDSO: a page with what it knows, and its code behind it.

use unikernel_machine::address::UserAddr;
use unikernel_machine::space::Protection;

use crate::errno::Errno;
use crate::memory::area::Area;
use crate::memory::place::Place;
use crate::memory::protect::{From, READ_WRITE};
use crate::memory::{AddressSpace, PAGE};
use crate::time::Clock;

/// Its pages: the data and the code behind it.
pub(crate) const PAGES: u64 = 2;

/// Maps it; the address of its ELF header (`AT_SYSINFO_EHDR`).
pub(crate) fn map(memory: &mut AddressSpace, clock: &Clock) -> Result<u64, Errno> {
    const _: () = assert!(PAGE == unikernel_vdso::PAGE as u64);
    let area = Area::anonymous(READ_WRITE);
    let data = memory.layout().mapped_top.saturating_mul(PAGE);
    let code = data.saturating_add(PAGE);
    memory.map(Place::FixedIfFree(data), PAGE.saturating_mul(PAGES), area)?;
    memory.write(UserAddr(data), &clock.vdso_data().encode())?;
    memory.write(UserAddr(code), unikernel_vdso::image())?;
    memory.protect(data, PAGE, Protection::READ, From::Address)?;
    memory.protect(
        code,
        PAGE,
        Protection::READ | Protection::EXECUTE,
        From::Address,
    )?;
    Ok(code)
}
