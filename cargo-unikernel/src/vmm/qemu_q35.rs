//! `qemu-q35`: QEMU's PC with PCI Express; what cloud machines look like.

use super::qemu::{self, Words};
use super::{Machine, Vmm, Wiring};
use crate::image::{elf, raw};
use crate::tool::Invocation;

/// QEMU's machine `q35`.
pub(super) static VMM: Vmm = Vmm {
    name: "qemu-q35",
    about: "QEMU's PC with PCI Express: virtio over PCI",
    tool: qemu::TOOL,
    formats: &[&elf::FORMAT, &raw::FORMAT],
    invocation,
};

fn invocation(machine: &Machine<'_>, wiring: &Wiring) -> Invocation {
    let words = Words {
        kind: match machine.image.support.machine.hpet {
            true => "q35,sata=off,smbus=off,usb=off,vmport=off",
            false => "q35,sata=off,smbus=off,hpet=off,usb=off,vmport=off",
        },
        console: "virtio-serial-pci,disable-legacy=on",
    };
    qemu::invocation(machine, &words, wiring)
}
