//! The kernel's heap: one range of addresses that grows at its end, by frames from anywhere.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use lock_api::{GuardNoSend, RawMutex};
use talc::base::binning::Binning;
use talc::base::{CHUNK_UNIT, Talc};
use talc::source::Source;
use talc::sync::TalcLock;

use super::layout::{HEAP_BASE, HEAP_END};
use super::paging::{NO_EXECUTE, WRITABLE, map_kernel};
use super::seal::kernel_root;
use crate::address::PAGE_SIZE;
use crate::frame::{Frame, usage};

/// By so many pages the heap grows at least.
const STEP: usize = 8;
#[global_allocator]
static HEAP: TalcLock<NoLock, Growth, Bins> = TalcLock::new(Growth {
    mapped: HEAP_BASE,
    end: None,
});

/// The lists of free pieces: four for each power of two, up to 2 MiB; all larger ones are in the last list.
struct Bins;

impl Binning for Bins {
    type AvailabilityBitField = u64;

    // The bit that is left over says that nothing was found.
    const BIN_COUNT: u32 = u64::BITS - 1;

    #[inline]
    fn size_to_bin(size: usize) -> u32 {
        let units = size / CHUNK_UNIT;
        // Below four units, each has its list, as it would be if the power were that of four.
        let power = (units | 4).ilog2() - 2;
        power * 4 + (units >> power & 7) as u32
    }
}

/// How far the heap reaches.
#[derive(Debug)]
struct Growth {
    /// The end of what is mapped.
    mapped: u64,
    /// What talc calls the end of the heap.
    end: Option<NonNull<u8>>,
}

// SAFETY: the end of the heap is only handed to the heap.
unsafe impl Send for Growth {}

// SAFETY: nothing here allocates: the page table and the frame table are arrays.
unsafe impl Source for Growth {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let needed = (layout.size() + layout.align()).div_ceil(PAGE_SIZE) + 1;
        let free = usage().free;
        if free < needed {
            return Err(());
        }
        let start = talc.source.mapped;
        for _ in 0..needed.max(STEP).min(free) {
            if talc.source.add_page().is_none() {
                break;
            }
        }
        let end = talc.source.mapped;
        if end == start {
            return Err(());
        }
        talc.source.end = match talc.source.end {
            // SAFETY: the pages up to `end` are mapped, and are the heap's.
            Some(old) => Some(unsafe { talc.extend(old, pointer(end)) }),
            // SAFETY: the same.
            None => unsafe { talc.claim(pointer(start), (end - start) as usize) },
        };
        Ok(())
    }
}

fn pointer(address: u64) -> *mut u8 {
    ptr::with_exposed_provenance_mut(address as usize)
}

impl Growth {
    fn add_page(&mut self) -> Option<()> {
        if self.mapped == HEAP_END {
            return None;
        }
        let frame = Frame::dirty()?;
        let (to, len) = (frame.address().0, PAGE_SIZE as u64);
        let flags = NO_EXECUTE | WRITABLE;
        // SAFETY: nothing is mapped behind the heap's end; the frame is the heap's from now on.
        unsafe { map_kernel(kernel_root(), self.mapped, to, len, flags, 0) }?;
        frame.into_number();
        self.mapped += len;
        Some(())
    }
}

/// No lock: the kernel is one thread, and no trap inside it allocates.
struct NoLock;

// SAFETY: there is one processor, and what it could be interrupted by ends the kernel or does not allocate.
unsafe impl RawMutex for NoLock {
    const INIT: Self = Self;
    type GuardMarker = GuardNoSend;
    fn lock(&self) {}
    fn try_lock(&self) -> bool {
        true
    }
    unsafe fn unlock(&self) {}
}
