//! `qemu-q35`: QEMU's PC with PCI Express; what cloud machines look like.

use super::{Machine, Vmm, Wiring, qemu};
use crate::image::elf;
use crate::tool::Invocation;

/// QEMU's machine `q35`.
pub(super) static VMM: Vmm = Vmm {
    name: "qemu-q35",
    about: "QEMU's PC with PCI Express: virtio over PCI",
    tool: qemu::TOOL,
    formats: &[&elf::FORMAT],
    invocation,
};

fn invocation(machine: &Machine<'_>, wiring: &Wiring) -> Invocation {
    let kind = "q35,sata=off,smbus=off,hpet=off,usb=off,vmport=off";
    qemu::invocation(machine, kind, "virtio-serial-pci,disable-legacy=on", wiring)
}
