//! What all machines of QEMU have in common.

use std::ffi::OsString;

use unikernel_abi::stream::{DEBUG_EXIT_PORT, REPORT_PORT, Stream};

use super::user_network;
use super::wiring::comma_doubled;
use super::{Engine, MIB, Machine, Wiring};
use crate::image::elf;
use crate::kernel::Streams;
use crate::tool::Invocation;

/// The program.
pub(super) const TOOL: &str = "qemu-system-x86_64";

/// QEMU's words for a machine.
pub(super) struct Words {
    /// The value of `-machine`.
    pub(super) kind: &'static str,
    /// The device with the console's ports.
    pub(super) console: &'static str,
}

/// QEMU with a machine, and nothing that was not asked for.
pub(super) fn invocation(machine: &Machine<'_>, words: &Words, wiring: &Wiring) -> Invocation {
    let (accel, cpu) = match machine.engine {
        Engine::Kvm => ("kvm", "host"),
        Engine::Tcg => ("tcg", "max"),
    };
    let invocation = Invocation::new(TOOL)
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none"])
        .args(["-machine", words.kind, "-accel", accel, "-cpu", cpu])
        .args(["-smp", &machine.cpus.to_string()])
        .args(["-m", &format!("{}M", machine.memory / MIB)]);
    let invocation = boot(invocation, machine, wiring);
    let invocation = match machine.image.kernel.streams {
        Streams::Ports => ports(invocation, words.console, wiring),
        Streams::Console { .. } => console(invocation, wiring),
    };
    let invocation = match machine.image.kernel.has_network {
        true => network(invocation, machine),
        false => invocation,
    };
    let invocation = match machine.gdb {
        Some(port) => invocation.args(["-gdb", &format!("tcp:127.0.0.1:{port}")]),
        None => invocation,
    };
    invocation.arg("-device").arg(format!(
        "isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4"
    ))
}

/// What is started: the image itself, a kernel with the image as its disk, or whatever the image's boot sector does.
fn boot(mut invocation: Invocation, machine: &Machine<'_>, wiring: &Wiring) -> Invocation {
    let image = machine.image;
    if image.format.name == elf::FORMAT.name {
        invocation = invocation.arg("-kernel").arg(&image.path);
        if let Some(launch) = &wiring.launch {
            invocation = invocation.arg("-initrd").arg(launch);
        }
        return invocation;
    }
    let mut device = "virtio-blk-pci,drive=disk".to_owned();
    match &image.started {
        Some(kernel) => {
            invocation = invocation.arg("-kernel").arg(kernel);
            if let Some(line) = &wiring.line {
                invocation = invocation.arg("-append").arg(line);
            }
        }
        None => device.push_str(",bootindex=0"),
    }
    let mut drive = OsString::from("if=none,id=disk,format=raw,readonly=on,file=");
    drive.push(comma_doubled(image.path.as_os_str()));
    let invocation = invocation.arg("-drive").arg(drive);
    invocation.args(["-device", &device])
}

/// The ports of a virtio console, and the serial line for what goes wrong before there is one.
fn ports(mut invocation: Invocation, console: &str, wiring: &Wiring) -> Invocation {
    // Ports are numbered from 0, which is left to a console of the VMM's.
    let n_ports = Stream::ALL.len() + 1;
    invocation = invocation
        .arg("-device")
        .arg(format!("{console},max_ports={n_ports}"));
    for (stream, chardev) in Stream::ALL.into_iter().zip(wiring.chardevs()) {
        let (name, port) = (stream.name(), stream.port());
        invocation = invocation
            .arg("-chardev")
            .arg(chardev)
            .arg("-device")
            .arg(format!(
                "virtserialport,nr={port},chardev={name},name={name}"
            ));
    }
    match wiring.serial_chardev() {
        Some(chardev) => serial(invocation, chardev),
        None => invocation,
    }
}

/// The serial line as the console, and an I/O port for reports.
fn console(invocation: Invocation, wiring: &Wiring) -> Invocation {
    let invocation = serial(invocation, wiring.console_chardev());
    invocation
        .arg("-chardev")
        .arg(wiring.chardev(Stream::Report))
        .arg("-device")
        .arg(format!(
            "isa-debugcon,iobase={REPORT_PORT:#x},chardev={}",
            Stream::Report.name()
        ))
}

fn serial(invocation: Invocation, chardev: OsString) -> Invocation {
    invocation
        .arg("-chardev")
        .arg(chardev)
        .args(["-serial", "chardev:serial"])
}

/// A network of the guest's own behind the host's address, with the ports that lead into it.
fn network(invocation: Invocation, machine: &Machine<'_>) -> Invocation {
    let user = user_network::netdev(&machine.image.launch.network, &machine.forwards);
    invocation
        .args(["-netdev", &user])
        .args(["-device", "virtio-net-pci,netdev=net,romfile="])
}
