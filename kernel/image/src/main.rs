//! The kernel file: the machine and the core, linked, with the two sections that the host's side reads.
#![no_std]
#![no_main]

use unikernel_abi::boot::{BootBlock, Piece};

unikernel_machine::entry!(unikernel_core::start);

/// Where the image writer says what lies where: here the block of an image without pieces.
// SAFETY: the linker script gives the section a place of its own, from where the machine reads it.
#[unsafe(link_section = ".unikernel.boot")]
#[used]
static BOOT_BLOCK: [u8; BootBlock::SIZE] = {
    let none = Piece {
        start: 0,
        len: 0,
        digest: 0,
    };
    BootBlock {
        archive: none,
        launch: none,
    }
    .encode()
};

/// The system calls that this kernel supports, as text.
// SAFETY: the linker script gives the section a place of its own; nothing but the host's tools reads it.
#[unsafe(link_section = ".unikernel.syscalls")]
#[used]
static SUPPORT: [u8; unikernel_core::SUPPORT.len()] = {
    let mut text = [0; unikernel_core::SUPPORT.len()];
    text.copy_from_slice(unikernel_core::SUPPORT.as_bytes());
    text
};
