//! What the loader tells: PVH's `hvm_start_info` (Xen's `xen/include/public/arch-x86/hvm/start_info.h`).

use core::ptr;

use super::layout::{DIRECT_LEN, direct};
use crate::memory_map::MemoryMap;

/// `XEN_HVM_START_MAGIC_VALUE`.
const MAGIC: u32 = 0x336e_c578;
/// `XEN_HVM_MEMMAP_TYPE_RAM`.
const RAM: u32 = 1;
/// The longest command line that is read.
const MAX_LINE: usize = 2048;

#[repr(C)]
#[derive(Clone, Copy)]
struct Raw {
    magic: u32,
    version: u32,
    flags: u32,
    modules: u32,
    module_list: u64,
    command_line: u64,
    rsdp: u64,
    memory_map: u64,
    memory_map_entries: u32,
    reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct RawModule {
    address: u64,
    size: u64,
    command_line: u64,
    reserved: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct RawMemory {
    address: u64,
    size: u64,
    kind: u32,
    reserved: u32,
}

/// The loader's words, copied out of its structures: those lie in memory that is about to be used.
pub(crate) struct StartInfo {
    /// The memory there is.
    pub(crate) memory: MemoryMap,
    /// Address and length of the first module.
    pub(crate) module: Option<(u64, u64)>,
    line: [u8; MAX_LINE],
    line_len: usize,
}

impl StartInfo {
    /// Reads the structure at physical address `at`. The first 4 GiB must be in the direct map.
    pub(crate) fn read(at: u64) -> Self {
        // SAFETY: the loader passed the structure's address, below 4 GiB.
        let raw: Raw = unsafe { read(at) };
        assert!(
            raw.magic == MAGIC,
            "the loader passed no PVH start information"
        );
        assert!(
            (raw.version > 0) & (raw.memory_map_entries > 0),
            "the loader passed no memory map"
        );
        let mut info = Self {
            memory: MemoryMap::new(),
            module: None,
            line: [0; MAX_LINE],
            line_len: 0,
        };
        for index in 0..u64::from(raw.memory_map_entries) {
            // SAFETY: the start information says that there are so many.
            let entry: RawMemory = unsafe { read(raw.memory_map + index * 24) };
            if entry.kind == RAM {
                let end = entry.address.saturating_add(entry.size);
                info.memory.add(entry.address, end.min(DIRECT_LEN));
            }
        }
        if raw.modules > 0 {
            // SAFETY: the start information says that there is one.
            let module: RawModule = unsafe { read(raw.module_list) };
            info.module = Some((module.address, module.size));
        }
        if raw.command_line != 0 {
            info.read_line(raw.command_line);
        }
        info
    }

    fn read_line(&mut self, at: u64) {
        for (index, byte) in self.line.iter_mut().enumerate() {
            // SAFETY: the line ends with a zero, and none of its bytes behind that is read.
            *byte = unsafe { read(at + index as u64) };
            if *byte == 0 {
                return;
            }
            self.line_len += 1;
        }
    }

    /// The words of the command line.
    pub(crate) fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.line[..self.line_len].split(|byte| *byte == b' ')
    }
}

/// # Safety
/// A `T` must lie at physical address `at`, below 4 GiB.
unsafe fn read<T: Copy>(at: u64) -> T {
    // SAFETY: the caller's promise; the boot tables map the first 4 GiB.
    unsafe { ptr::read_unaligned(direct(at).cast()) }
}
