//! Registers of devices in memory.

use core::ptr;

use super::layout::DEVICE_BASE;
use super::one_cpu::OneCpu;
use super::paging::{NO_EXECUTE, UNCACHED, WRITABLE, map_kernel};
use super::seal::kernel_root;
use crate::address::{PAGE_MASK, PAGE_SIZE};

/// Where the next registers are mapped.
static NEXT: OneCpu<u64> = OneCpu::new(DEVICE_BASE);

/// A range of device registers, mapped for ever. Accesses outside of it panic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mmio {
    base: usize,
    len: usize,
}

/// The first `LEN` bytes of a range: that an access lies within them is seen when compiling, if its offset is a constant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<const LEN: usize>(usize);

impl<const LEN: usize> Head<LEN> {
    #[inline(always)]
    fn place(self, offset: usize) -> *mut u32 {
        let is_within = offset.is_multiple_of(4) && offset < LEN && LEN - offset >= 4;
        assert!(is_within, "no such register");
        ptr::with_exposed_provenance_mut(self.0.wrapping_add(offset))
    }

    #[inline(always)]
    pub(crate) fn read32(self, offset: usize) -> u32 {
        // SAFETY: within the mapped registers, aligned.
        unsafe { ptr::read_volatile(self.place(offset)) }
    }

    #[inline(always)]
    pub(crate) fn write32(self, offset: usize, value: u32) {
        // SAFETY: within the mapped registers, aligned. What a device does with it, its driver answers for.
        unsafe { ptr::write_volatile(self.place(offset), value) };
    }

    /// Writes an address as two halves, the lower one first.
    #[inline(always)]
    pub(crate) fn write64(self, offset: usize, value: u64) {
        self.write32(offset, value as u32);
        self.write32(offset + 4, (value >> 32) as u32);
    }
}

impl Mmio {
    /// Its first `LEN` bytes; `None` when there are fewer, or they are not aligned for words.
    pub(crate) fn head<const LEN: usize>(self) -> Option<Head<LEN>> {
        (LEN <= self.len && self.base.is_multiple_of(4)).then_some(Head(self.base))
    }

    /// Maps the registers at a physical address; `None` when there is no memory for a page table.
    ///
    /// # Safety
    /// There must be registers of a device, not memory.
    pub(crate) unsafe fn map(physical: u64, len: usize) -> Option<Self> {
        let before = physical & PAGE_MASK;
        let pages = (before + len as u64).div_ceil(PAGE_SIZE as u64);
        let mut next = NEXT.borrow();
        let flags = NO_EXECUTE | WRITABLE | UNCACHED;
        // SAFETY: nothing is mapped at `next` yet; accesses go through this type only.
        unsafe {
            map_kernel(
                kernel_root(),
                *next,
                physical - before,
                pages * PAGE_SIZE as u64,
                flags,
                0,
            )
        }?;
        let base = (*next + before) as usize;
        *next += pages * PAGE_SIZE as u64;
        Some(Self { base, len })
    }

    /// The registers from `offset` on.
    pub(crate) fn part(self, offset: usize, len: usize) -> Option<Self> {
        (offset.checked_add(len)? <= self.len).then_some(Self {
            base: self.base + offset,
            len,
        })
    }

    /// How many bytes of registers there are.
    pub(crate) fn len(self) -> usize {
        self.len
    }

    fn place<T>(self, offset: usize) -> *mut T {
        // What is within the range does not overflow.
        let at = self.base.wrapping_add(offset);
        let is_within = offset + size_of::<T>() <= self.len;
        // One branch for both.
        assert!(
            is_within & at.is_multiple_of(align_of::<T>()),
            "no such register"
        );
        ptr::with_exposed_provenance_mut(at)
    }

    pub(crate) fn read8(self, offset: usize) -> u8 {
        // SAFETY: within the mapped registers, aligned.
        unsafe { ptr::read_volatile(self.place(offset)) }
    }

    pub(crate) fn read16(self, offset: usize) -> u16 {
        // SAFETY: within the mapped registers, aligned.
        unsafe { ptr::read_volatile(self.place(offset)) }
    }

    pub(crate) fn read32(self, offset: usize) -> u32 {
        // SAFETY: within the mapped registers, aligned.
        unsafe { ptr::read_volatile(self.place(offset)) }
    }

    pub(crate) fn write8(self, offset: usize, value: u8) {
        // SAFETY: within the mapped registers, aligned. What a device does with it, its driver answers for.
        unsafe { ptr::write_volatile(self.place(offset), value) };
    }

    pub(crate) fn write16(self, offset: usize, value: u16) {
        // SAFETY: within the mapped registers, aligned. What a device does with it, its driver answers for.
        unsafe { ptr::write_volatile(self.place(offset), value) };
    }

    pub(crate) fn write32(self, offset: usize, value: u32) {
        // SAFETY: within the mapped registers, aligned. What a device does with it, its driver answers for.
        unsafe { ptr::write_volatile(self.place(offset), value) };
    }

    /// Writes an address as two halves, the lower one first.
    pub(crate) fn write64(self, offset: usize, value: u64) {
        self.write32(offset, value as u32);
        self.write32(offset + 4, (value >> 32) as u32);
    }
}
