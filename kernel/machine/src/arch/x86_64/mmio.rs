//! Registers of devices in memory.

use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::layout::DEVICE_BASE;
use super::paging::{NO_EXECUTE, UNCACHED, WRITABLE, map_kernel};
use super::seal::kernel_root;
use crate::address::PAGE_MASK;

/// Where the next registers are mapped.
static NEXT: AtomicU64 = AtomicU64::new(DEVICE_BASE);

/// A range of device registers, mapped for ever. Accesses outside of it panic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mmio {
    base: usize,
    len: usize,
}

/// The first `LEN` bytes of a range: that an access lies within them is seen when compiling, if its offset is a constant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<const LEN: usize>(usize);

/// One register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Register<T>(*mut T);

impl<const LEN: usize> Head<LEN> {
    #[inline(always)]
    fn place(self, offset: usize) -> *mut u32 {
        let is_within = offset.is_multiple_of(4) & (offset <= const { LEN - 4 });
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

    /// The register at `offset`.
    #[inline(always)]
    pub(crate) fn register(self, offset: usize) -> Register<u32> {
        Register(self.place(offset))
    }
}

impl<T> Register<T> {
    pub(crate) fn write(self, value: T) {
        // SAFETY: within the mapped registers, aligned. What a device does with it, its driver answers for.
        unsafe { ptr::write_volatile(self.0, value) };
    }
}

impl Mmio {
    /// Its first `LEN` bytes; `None` when there are fewer, or they are not aligned for words.
    pub(crate) fn head<const LEN: usize>(self) -> Option<Head<LEN>> {
        ((LEN <= self.len) & self.base.is_multiple_of(4)).then_some(Head(self.base))
    }

    /// Maps the registers at a physical address; `None` when there is no memory for a page table.
    ///
    /// # Safety
    /// There must be registers of a device, not memory.
    pub(crate) unsafe fn map(physical: u64, len: usize) -> Option<Self> {
        let first = physical & !PAGE_MASK;
        let end = physical.saturating_add(len as u64);
        let span = end.wrapping_sub(first).wrapping_add(PAGE_MASK) & !PAGE_MASK;
        let at = NEXT.fetch_add(span, Ordering::Relaxed);
        let flags = NO_EXECUTE | WRITABLE | UNCACHED;
        // SAFETY: nothing is mapped there yet; accesses go through this type only.
        unsafe { map_kernel(kernel_root(), at, first, span, flags, 0) }?;
        let base = (at | physical & PAGE_MASK) as usize;
        Some(Self { base, len })
    }

    /// The registers from `offset` on.
    pub(crate) fn part(self, offset: usize, len: usize) -> Option<Self> {
        (offset.checked_add(len)? <= self.len).then_some(Self {
            base: self.base + offset,
            len,
        })
    }

    /// The register at `offset`; `None` when it lies outside, or is not aligned.
    pub(crate) fn register<T>(self, offset: usize) -> Option<Register<T>> {
        let part = self.part(offset, size_of::<T>())?;
        let place: *mut T = ptr::with_exposed_provenance_mut(part.base);
        place.is_aligned().then_some(Register(place))
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
