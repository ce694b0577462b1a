//! Whether code ends in a call: a return address that does not stand behind one is none.

use object::{Object as _, ObjectSegment as _};

use super::base;

/// Longest call instruction: prefix, opcode, ModRM, SIB, displacement.
const MAX_CALL: usize = 8;

/// The bytes of an ELF before the place `offset` bytes behind its load address; `None` when they are not in one segment.
pub(super) fn code_before(file: &[u8], offset: u64) -> Option<[u8; MAX_CALL]> {
    let file = object::File::parse(file).ok()?;
    let start = base(&file)?
        .checked_add(offset)?
        .checked_sub(MAX_CALL as u64)?;
    let code = file
        .segments()
        .find_map(|segment| segment.data_range(start, MAX_CALL as u64).ok().flatten())?;
    code.try_into().ok()
}

/// Whether they can end in a call instruction: `E8` with four bytes, or `FF /2` with any operand.
pub(super) fn ends_in_call(code: [u8; MAX_CALL]) -> bool {
    let [_, _, _, near, ..] = code;
    near == 0xe8
        || (2..=7_usize).any(|len| {
            let mut bytes = code.iter().skip(MAX_CALL - len);
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
    2 + displacement + usize::from(has_sib)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::fn_params_excessive_bools, reason = "it is what is expected")]
    fn check(tail: &[u8], expected: bool) {
        let mut code = [0x90; MAX_CALL];
        code[MAX_CALL - tail.len()..].copy_from_slice(tail);
        assert_eq!(ends_in_call(code), expected, "{tail:02x?}");
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
