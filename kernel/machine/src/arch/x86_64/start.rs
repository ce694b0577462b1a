//! From the entry to the kernel's core, in order.

use core::{ptr, slice};

use twox_hash::XxHash64;
use unikernel_abi::boot::{self, BootBlock};

use super::archive::Archive;
use super::layout::{direct, kernel_parts};
use super::start_info::StartInfo;
use super::{apic, features, frame, pic, seal, segment, time, virtio};
use crate::address::{PAGE_MASK, PAGE_SIZE};
use crate::boot::{Boot, BootFailed, BootFailure, Piece};
use crate::serial::Serial;

/// The end of what the entry maps.
const MAPPED_AT_ENTRY: u64 = 1 << 32;

unsafe extern "C" {
    safe static __unikernel_boot: [u8; BootBlock::SIZE];
}

unsafe extern "Rust" {
    /// The function that the kernel's binary names by [`entry!`](crate::entry).
    safe fn unikernel_start(boot: Result<Boot, BootFailed>) -> !;
}

/// The image's pieces, as [`PIECES`] names them; all of it is 0 for one that there is not.
type Pieces = [boot::Piece; PIECES.len()];

const PIECES: [Piece; 3] = [Piece::Archive, Piece::Launch, Piece::Module];

/// Called by entry.s on the kernel's stack.
// SAFETY: the name is the one that entry.s calls; nothing else has it.
#[unsafe(no_mangle)]
extern "C" fn machine_boot(start_info: u64, entry_ticks: u64) -> ! {
    segment::install();
    features::enable();
    let info = StartInfo::read(start_info);
    let sizes = info.memory.ranges().iter().map(|(start, end)| end - start);
    let total = sizes.sum();
    let placed = boot_block().and_then(|block| place(&block, &info, total));
    take_memory(&info, placed.as_ref().unwrap_or(&Pieces::default()));
    pic::mask();
    apic::init();
    time::init(entry_ticks);

    let devices = virtio::find(&info);
    let serial = Serial::open();
    unikernel_start(match placed.and_then(check) {
        Err(reason) => Err(BootFailed {
            reason,
            devices,
            serial,
        }),
        Ok([archive, launch, module]) => Ok(Boot {
            archive: (archive.len > 0).then(|| Archive::new(bytes(&archive))),
            image_launch: bytes(&launch),
            module_launch: info.module.map(|_| bytes(&module)),
            devices,
            serial,
            memory_total: total,
        }),
    })
}

/// The kernel file's boot block, which the image writer changed after the kernel was compiled.
fn boot_block() -> Result<BootBlock, BootFailure> {
    let words = (&raw const __unikernel_boot).cast::<[u64; BootBlock::SIZE / 8]>();
    // SAFETY: the linker script puts it there, aligned; nothing writes it. By words: a volatile read of bytes reads each.
    let words = unsafe { ptr::read_volatile(words) }.map(u64::to_le_bytes);
    BootBlock::decode(words.as_flattened()).map_err(BootFailure::BootBlock)
}

/// The pieces; an error when one of them does not lie in memory, behind the kernel.
fn place(block: &BootBlock, info: &StartInfo, memory_total: u64) -> Result<Pieces, BootFailure> {
    let (start, len) = info.module.unwrap_or((0, 0));
    let module = boot::Piece {
        start,
        len,
        digest: 0,
    };
    let kernel = kernel_parts();
    let mut pieces = [block.archive, block.launch, module];
    for (&piece, placed) in PIECES.iter().zip(&mut pieces) {
        let boot::Piece { start, len, .. } = *placed;
        if len == 0 {
            *placed = boot::Piece::default();
            continue;
        }
        let end = start.saturating_add(len);
        let is_aligned = piece != Piece::Archive || start & PAGE_MASK == 0;
        if !is_aligned || (start < kernel.end && kernel.start < end) {
            return Err(BootFailure::Misplaced { piece, start });
        }
        if !info.memory.contains(start, end) {
            return Err(BootFailure::BeyondMemory {
                piece,
                end,
                memory_total,
            });
        }
    }
    Ok(pieces)
}

/// Takes over the memory but for the pieces, and switches to the kernel's own page table.
fn take_memory(info: &StartInfo, pieces: &Pieces) {
    let kernel = kernel_parts();
    let mut free = info.memory.clone();
    free.remove(0, PAGE_SIZE as u64);
    free.remove(kernel.start, kernel.end);
    for piece in pieces {
        free.remove(piece.start, piece.start.saturating_add(piece.len));
    }
    let [archive, ..] = pieces;
    let end = archive.start.saturating_add(archive.len);
    // Only its whole pages can be mapped, but all of its pages are sealed.
    let whole = archive.start..end & !PAGE_MASK;
    let sealed = archive.start..(end + PAGE_MASK) & !PAGE_MASK;
    frame::init(&info.memory, free, whole, MAPPED_AT_ENTRY);
    seal::seal(&info.memory, sealed);
}

/// The pieces if they are whole, by their digests. A module is the loader's own: it has none.
fn check(pieces: Pieces) -> Result<Pieces, BootFailure> {
    for (&piece, stated) in PIECES.iter().zip(&pieces) {
        if stated.len == 0 || piece == Piece::Module {
            continue;
        }
        let found = XxHash64::oneshot(0, bytes(stated));
        if found != stated.digest {
            return Err(BootFailure::Digest {
                piece,
                stated: stated.digest,
                found,
            });
        }
    }
    Ok(pieces)
}

fn bytes(piece: &boot::Piece) -> &'static [u8] {
    if piece.len == 0 {
        return &[];
    }
    // SAFETY: a piece is in the direct map, is not free memory, and nothing writes it.
    unsafe { slice::from_raw_parts(direct(piece.start), piece.len as usize) }
}
