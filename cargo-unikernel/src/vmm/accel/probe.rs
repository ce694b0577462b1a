//! The guest that shows whether KVM works.

use std::time::Duration;

use unikernel_abi::stream::DEBUG_EXIT_PORT;

use super::super::qemu;
use super::Engine;
use crate::error::Result;
use crate::fs;
use crate::progress::Progress;
use crate::tool::Invocation;

/// How long the guest may take: emulated, it takes a twentieth of it.
const LIMIT: Duration = Duration::from_secs(2);

/// What the guest writes to the debug-exit device.
const WORD: u8 = 0x29;

/// KVM if the guest ends as it should under it.
pub(super) fn engine(progress: &dyn Progress) -> Result<Engine> {
    let (engine, answer) = match boots("kvm", "host")? {
        true => (Engine::Kvm, "works"),
        false => (Engine::Tcg, "does not work"),
    };
    progress.detail(&format!(
        "KVM {answer} here: a guest of three instructions was booted to see"
    ));
    Ok(engine)
}

fn boots(accel: &str, cpu: &str) -> Result<bool> {
    let folder = fs::scratch_folder()?;
    let guest = folder.path().join("guest");
    fs::write_bytes(&guest, &guest_file())?;
    let invocation = Invocation::new(qemu::TOOL)
        .args(["-nodefaults", "-no-user-config", "-no-reboot"])
        .args(["-display", "none", "-machine", "microvm"])
        .args(["-accel", accel, "-cpu", cpu, "-m", "16M"])
        .arg("-device")
        .arg(format!(
            "isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=1"
        ))
        .arg("-kernel")
        .arg(&guest);
    // Too late, refused or crashed: each means that it does not work.
    let status = invocation.run_captured(Some(LIMIT)).ok();
    let expected = i32::from(WORD) << 1 | 1; // QEMU, hw/misc/debugexit.c
    Ok(status.and_then(|captured| captured.status.code()) == Some(expected))
}

/// An ELF with a PVH note whose entry writes [`WORD`] to the debug-exit device, in 32-bit mode.
fn guest_file() -> Vec<u8> {
    const START: u64 = 0x10_0000;
    const HEADERS: u64 = 64 + 2 * 56;
    const NOTE: u64 = 24;
    let [port, _] = DEBUG_EXIT_PORT.to_le_bytes();
    let code = [0xb0, WORD, 0xe6, port, 0xf4]; // mov al, WORD; out PORT, al; hlt
    let len = NOTE + code.len() as u64;

    let mut file = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]); // ET_EXEC, x86-64
    for field in [START + NOTE, 64, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 64, 0, 0, 0, 0, 0]);
    for (kind, len) in [(4_u32, NOTE), (1, len)] {
        file.extend(kind.to_le_bytes());
        file.extend(7_u32.to_le_bytes());
        for field in [HEADERS, START, START, len, len, 4] {
            file.extend(field.to_le_bytes());
        }
    }
    file.extend([4, 0, 0, 0, 8, 0, 0, 0, 18, 0, 0, 0]);
    file.extend(b"Xen\0");
    file.extend((START + NOTE).to_le_bytes());
    file.extend(code);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_boots_where_it_is_emulated() {
        assert!(boots("tcg", "max").unwrap());
    }

    #[test]
    fn accelerator_that_is_none_does_not_work() {
        assert!(!boots("no-such", "max").unwrap());
    }
}
