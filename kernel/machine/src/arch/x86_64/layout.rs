//! Where things lie in the kernel's half of the address space.
//!
//! | from | what |
//! |---|---|
//! | `0xffff_8000_0000_0000` | all memory, as it lies physically (the direct map) |
//! | `0xffff_ff80_0000_0000` | the heap |
//! | `0xffff_ffc0_0000_0000` | registers of devices |
//! | `0xffff_ffff_8000_0000` | the kernel, as it lies physically |
//!
//! One entry of the root table leads to the direct map, one to all the rest: both are there before a space copies them.

use core::ptr;

/// Start of the direct map.
pub(crate) const DIRECT_BASE: u64 = 0xffff_8000_0000_0000;
/// Length of the direct map: memory beyond it is not used.
pub(crate) const DIRECT_LEN: u64 = 1 << 39;
/// Start of the heap.
pub(crate) const HEAP_BASE: u64 = 0xffff_ff80_0000_0000;
/// End of the heap: far beyond what any machine's memory could fill.
pub(crate) const HEAP_END: u64 = DEVICE_BASE;
/// Start of the devices' registers.
pub(crate) const DEVICE_BASE: u64 = 0xffff_ffc0_0000_0000;
/// What the kernel's own addresses are above its physical ones. The linker script has it too.
pub(crate) const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;

/// The address in the direct map of what lies at `physical`, which is below [`DIRECT_LEN`].
pub(crate) fn direct(physical: u64) -> *mut u8 {
    ptr::with_exposed_provenance_mut(DIRECT_BASE.wrapping_add(physical) as usize)
}

/// The physical address of something in the kernel file: a static, not a value on the heap.
pub(crate) fn physical_of_static<T>(value: *const T) -> u64 {
    (value.addr() as u64).wrapping_sub(KERNEL_BASE)
}

/// The kernel's parts, as physical addresses of pages. Read-only data comes first, then text, then data.
pub(crate) struct KernelParts {
    pub(crate) start: u64,
    pub(crate) text: u64,
    pub(crate) data: u64,
    pub(crate) end: u64,
    /// The page below the stack.
    pub(crate) guard: u64,
}

unsafe extern "C" {
    safe static __kernel_start: u8;
    safe static __kernel_text: u8;
    safe static __kernel_data: u8;
    safe static __kernel_end: u8;
    safe static unikernel_stack_guard: u8;
}

/// Where the loader put the kernel's parts.
pub(crate) fn kernel_parts() -> KernelParts {
    KernelParts {
        start: physical_of_static(&raw const __kernel_start),
        text: physical_of_static(&raw const __kernel_text),
        data: physical_of_static(&raw const __kernel_data),
        end: physical_of_static(&raw const __kernel_end),
        guard: physical_of_static(&raw const unikernel_stack_guard),
    }
}
