//! `qemu-microvm`: QEMU's smallest machine, without PCI, ACPI and old devices; it starts fastest.

use super::qemu::{self, Words};
use super::{Machine, Vmm, Wiring};
use crate::image::elf;
use crate::tool::Invocation;

/// QEMU's machine `microvm`.
pub(super) static VMM: Vmm = Vmm {
    name: "qemu-microvm",
    about: "QEMU's smallest machine: virtio over MMIO, no PCI; starts fastest",
    tool: qemu::TOOL,
    formats: &[&elf::FORMAT],
    invocation,
};

fn invocation(machine: &Machine<'_>, wiring: &Wiring) -> Invocation {
    let words = Words {
        kind: "microvm,acpi=off,pic=off,pit=off,rtc=off,usb=off,graphics=off",
        console: "virtio-serial-device",
    };
    qemu::invocation(machine, &words, wiring)
        // Its virtio devices speak the draft of 2010 unless they are told not to.
        .args(["-global", "virtio-mmio.force-legacy=false"])
}
