//! What all machines of QEMU have in common.

use unikernel_abi::stream::{DEBUG_EXIT_PORT, Stream};

use super::{Engine, MIB, Machine, Wiring};
use crate::tool::Invocation;

/// The program.
pub(super) const TOOL: &str = "qemu-system-x86_64";

/// QEMU with machine `machine` (its `-machine` value), the console's ports on the device `console`, and nothing that was not
/// asked for.
pub(super) fn invocation(
    machine: &Machine<'_>,
    kind: &str,
    console: &str,
    wiring: &Wiring,
) -> Invocation {
    let (accel, cpu) = match machine.engine {
        Engine::Kvm => ("kvm", "host"),
        Engine::Tcg => ("tcg", "max"),
    };
    let mut invocation = Invocation::new(TOOL)
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none"])
        .args(["-machine", kind, "-accel", accel, "-cpu", cpu])
        .args(["-smp", &machine.cpus.to_string()])
        .args(["-m", &format!("{}M", machine.memory / MIB)])
        .arg("-kernel")
        .arg(&machine.image.path);
    if let Some(launch) = &wiring.launch {
        invocation = invocation.arg("-initrd").arg(launch);
    }
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
    if let Some(chardev) = wiring.serial_chardev() {
        invocation = invocation
            .arg("-chardev")
            .arg(chardev)
            .args(["-serial", "chardev:serial"]);
    }
    if let Some(port) = machine.gdb {
        invocation = invocation.args(["-gdb", &format!("tcp:127.0.0.1:{port}")]);
    }
    invocation.arg("-device").arg(format!(
        "isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4"
    ))
}
