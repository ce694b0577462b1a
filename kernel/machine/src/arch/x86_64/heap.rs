//! The kernel's heap: one range of addresses that grows at its end, by frames from anywhere.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use lock_api::{GuardNoSend, RawMutex};
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::source::Source;

use super::layout::{DEVICE_BASE, HEAP_BASE};
use super::paging::{NO_EXECUTE, WRITABLE, map_kernel};
use super::seal::kernel_root;
use crate::address::PAGE_SIZE;
use crate::frame::{Frame, usage};

/// By so many pages the heap grows at least.
const STEP: usize = 8;
/// Where its range of addresses ends: no memory for more is left when it has so many.
const MAX_PAGES: usize = ((DEVICE_BASE - HEAP_BASE) / PAGE_SIZE as u64) as usize;

#[global_allocator]
static HEAP: talc::sync::TalcLock<NoLock, Growth, talc::DefaultBinning> =
    talc::TalcLock::new(Growth {
        pages: 0,
        end: None,
    });

/// How far the heap reaches.
#[derive(Debug)]
struct Growth {
    pages: usize,
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
        let before = talc.source.pages;
        for _ in 0..needed.max(STEP).min(free) {
            if talc.source.add_page().is_none() {
                break;
            }
        }
        let pages = talc.source.pages;
        if pages == before {
            return Err(());
        }
        let end = ptr::with_exposed_provenance_mut(address_of(pages));
        talc.source.end = match talc.source.end {
            // SAFETY: the pages up to `end` are mapped, and are the heap's.
            Some(old) => Some(unsafe { talc.extend(old, end) }),
            // SAFETY: the same.
            None => unsafe {
                talc.claim(
                    ptr::with_exposed_provenance_mut(address_of(0)),
                    pages * PAGE_SIZE,
                )
            },
        };
        Ok(())
    }
}

fn address_of(page: usize) -> usize {
    HEAP_BASE as usize + page * PAGE_SIZE
}

impl Growth {
    fn add_page(&mut self) -> Option<()> {
        if self.pages == MAX_PAGES {
            return None;
        }
        let frame = Frame::dirty()?;
        let at = address_of(self.pages) as u64;
        // SAFETY: nothing is mapped behind the heap's end; the frame is the heap's from now on.
        unsafe {
            map_kernel(
                kernel_root(),
                at,
                frame.address().0,
                PAGE_SIZE as u64,
                NO_EXECUTE | WRITABLE,
                0,
            )
        }?;
        frame.into_number();
        self.pages += 1;
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
