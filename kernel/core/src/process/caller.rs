//! Where in the program something happened, as the host's symbol tables know it.

use alloc::rc::Rc;
use alloc::vec::Vec;

use unikernel_abi::report::Place;
use unikernel_machine::address::UserAddr;
use unikernel_machine::space::Protection;

use crate::fs::node::Node;
use crate::kernel::Kernel;
use crate::memory::PAGE;

/// How many words of the stack are looked at for a return address.
const MAX_WORDS: u64 = 512;

/// How many return addresses are told.
const MAX_CALLERS: usize = 8;

/// Longest call instruction: prefix, opcode, ModRM, SIB, displacement.
const MAX_CALL: usize = 8;

/// A place in a file, or an address that lies in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModulePlace {
    module: Vec<u8>,
    offset: u64,
}

impl ModulePlace {
    /// As reports have it.
    pub(crate) fn as_place(&self) -> Place<'_> {
        Place {
            module: &self.module,
            offset: self.offset,
        }
    }
}

/// The place of an address.
pub(crate) fn place(kernel: &Kernel, address: u64) -> ModulePlace {
    let unknown = ModulePlace {
        module: Vec::new(),
        offset: address,
    };
    let Some(node) = module_at(kernel, address) else {
        return unknown;
    };
    ModulePlace {
        module: kernel.path_of(&node),
        offset: address.saturating_sub(load_address(kernel, &node, address)),
    }
}

/// Who made the system call that is being handled, innermost first: return addresses outside of libc and the dynamic loader,
/// found by looking through the stack, since nothing says that frame pointers are kept. Without one, the system call
/// instruction. In a static program libc is no file of its own, so the first ones lie in it.
pub(crate) fn callers(kernel: &mut Kernel) -> (ModulePlace, Vec<ModulePlace>) {
    let stack = kernel.thread.context.rsp;
    let mut found = Vec::new();
    for index in 0..MAX_WORDS {
        let Some(at) = stack.checked_add(index.saturating_mul(8)) else {
            break;
        };
        let Ok(word) = kernel.memory.read_u64(UserAddr(at)) else {
            break;
        };
        if is_in_program(kernel, word) && follows_call(kernel, word) {
            found.push(place(kernel, word));
        }
        if found.len() > MAX_CALLERS {
            break;
        }
    }
    if found.is_empty() {
        // `SYSCALL` is two bytes long, and the saved address is that of the next instruction.
        found.push(place(kernel, kernel.thread.context.rip.saturating_sub(2)));
    }
    let innermost = found.remove(0);
    (innermost, found)
}

fn is_in_program(kernel: &Kernel, address: u64) -> bool {
    let Some((_, area)) = kernel.memory.area_at(address) else {
        return false;
    };
    let Some(file) = area
        .file()
        .filter(|_| area.protection.contains(Protection::EXECUTE))
    else {
        return false;
    };
    Rc::ptr_eq(&file.node, &kernel.program) || !is_runtime(&file.node)
}

/// Whether a library is one that calls on behalf of others.
fn is_runtime(node: &Node) -> bool {
    let location = node.location.borrow();
    let name: &[u8] = location.as_ref().map_or(b"", |location| &location.name);
    let prefixes: [&[u8]; 5] = [b"libc.", b"libc-", b"ld-", b"ld.", b"libpthread"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether the bytes before `address` can be a call instruction: `E8` with four bytes, or `FF /2` with any operand.
fn follows_call(kernel: &mut Kernel, address: u64) -> bool {
    let mut code = [0; MAX_CALL];
    let Some(start) = address.checked_sub(MAX_CALL as u64) else {
        return false;
    };
    if kernel.memory.read(UserAddr(start), &mut code).is_err() {
        return false;
    }
    ends_in_call(&code)
}

fn ends_in_call(code: &[u8; MAX_CALL]) -> bool {
    let [_, _, _, near, ..] = *code;
    near == 0xe8
        || (2..=7_usize).any(|len| {
            let mut bytes = code.iter().skip(MAX_CALL.saturating_sub(len));
            bytes.next() == Some(&0xff)
                && bytes.next().is_some_and(|modrm| {
                    modrm >> 3 & 7 == 2 && len == indirect_len(*modrm, bytes.next())
                })
        })
}

/// Length of `FF /2` with this ModRM byte and the byte behind it (Intel SDM volume 2, section 2.1.5).
fn indirect_len(modrm: u8, sib: Option<&u8>) -> usize {
    let (mode, operand) = (modrm >> 6, modrm & 7);
    let has_sib = mode != 3 && operand == 4;
    let displacement: usize = match mode {
        0 if operand == 5 || (has_sib && sib.is_some_and(|sib| sib & 7 == 5)) => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    displacement
        .saturating_add(2)
        .saturating_add(usize::from(has_sib))
}

fn module_at(kernel: &Kernel, address: u64) -> Option<Rc<Node>> {
    let (_, area) = kernel.memory.area_at(address)?;
    Some(area.file()?.node.clone())
}

/// The address where the first byte of the file was loaded: the nearest mapping of its start below.
pub(super) fn load_address(kernel: &Kernel, node: &Rc<Node>, address: u64) -> u64 {
    let starts = kernel.memory.areas().filter(|(pages, area)| {
        pages.start <= address / PAGE
            && area
                .file()
                .is_some_and(|file| file.first == 0 && Rc::ptr_eq(&file.node, node))
    });
    starts.last().map_or(0, |(pages, _)| pages.address())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::fn_params_excessive_bools, reason = "it is what is expected")]
    fn check(tail: &[u8], expected: bool) {
        let mut code = [0x90; MAX_CALL];
        code[MAX_CALL - tail.len()..].copy_from_slice(tail);
        assert_eq!(ends_in_call(&code), expected, "{tail:02x?}");
    }

    #[test]
    fn call_instructions() {
        check(&[0xe8, 1, 2, 3, 4], true);
        check(&[0xff, 0xd0], true); // call rax
        check(&[0xff, 0x10], true); // call [rax]
        check(&[0xff, 0x15, 1, 2, 3, 4], true); // call [rip + x]
        check(&[0xff, 0x54, 0x24, 8], true); // call [rsp + 8]
        check(&[0xff, 0x94, 0x24, 1, 2, 3, 4], true); // call [rsp + x]
    }

    #[test]
    fn other_instructions() {
        check(&[0x90, 0x90], false);
        check(&[0xff, 0xe0], false); // jmp rax
        check(&[0xff, 0x15], false); // cut off
        check(&[0x0f, 0x05], false); // syscall
    }
}
