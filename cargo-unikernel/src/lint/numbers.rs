//! System calls that a program's own code makes with a number that is evident beside the `syscall` instruction.

use std::collections::BTreeMap;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::program::elf;

/// Most bytes of code that are decoded: some seconds. What lies behind is left out, and [`Numbers::is_whole`] says so.
const MAX_LEN: usize = 256 << 20;

/// Instructions between the number and the `syscall` at most; a path that is longer has usually joined others.
const MAX_DISTANCE: usize = 12;

/// What the code shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbers {
    /// By number, the link address of the first site.
    pub sites: BTreeMap<u32, u64>,
    /// Sites whose number does not stand beside them.
    pub n_unresolved: usize,
    /// Whether all of the code was decoded.
    pub is_whole: bool,
}

/// Decodes the executable segments of an ELF file from front to end.
#[must_use]
pub(super) fn find(bytes: &[u8]) -> Numbers {
    let mut numbers = Numbers {
        is_whole: true,
        ..Numbers::default()
    };
    let mut left = MAX_LEN;
    for (address, code) in elf::executable(bytes) {
        let part = code.get(..left).unwrap_or(code);
        numbers.is_whole &= part.len() == code.len();
        left -= part.len();
        // Most programs make no system call themselves, and need no decoding.
        if part.windows(2).any(|pair| pair == [0x0f, 0x05]) {
            sweep(part, address, &mut numbers);
        }
    }
    numbers
}

fn sweep(code: &[u8], address: u64, numbers: &mut Numbers) {
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    // The number in eax, and how many instructions ago it was put there.
    let mut known: Option<(u32, usize)> = None;
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if instruction.mnemonic() == Mnemonic::Syscall {
            match known.take() {
                Some((number, _)) => {
                    numbers.sites.entry(number).or_insert(instruction.ip());
                }
                None => numbers.n_unresolved += 1,
            }
            continue;
        }
        let kept = known
            .filter(|(_, distance)| *distance < MAX_DISTANCE && !changes_eax(&instruction))
            .map(|(number, distance)| (number, distance + 1));
        known = loaded(&instruction).map(|number| (number, 0)).or(kept);
        if instruction.flow_control() != FlowControl::Next {
            known = None;
        }
    }
}

/// The constant that an instruction puts into eax.
fn loaded(instruction: &Instruction) -> Option<u32> {
    let is_eax = |register| matches!(register, Register::EAX | Register::RAX);
    if instruction.op_count() != 2 || !is_eax(instruction.op0_register()) {
        return None;
    }
    match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Mov, OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64) => {
            u32::try_from(instruction.immediate(1)).ok()
        }
        (Mnemonic::Xor | Mnemonic::Sub, OpKind::Register)
            if instruction.op0_register() == instruction.op1_register() =>
        {
            Some(0)
        }
        _ => None,
    }
}

/// Whether an instruction may change eax: its first operand is (part of) rax and it is no comparison, or it is one of those
/// that write rax unnamed.
fn changes_eax(instruction: &Instruction) -> bool {
    let compares = matches!(
        instruction.mnemonic(),
        Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push | Mnemonic::Nop
    );
    let named = (0..instruction.op_count())
        .filter(|operand| instruction.op_kind(*operand) == OpKind::Register)
        .any(|operand| {
            let is_written = operand == 0 || instruction.mnemonic() == Mnemonic::Xchg;
            is_written && instruction.op_register(operand).full_register() == Register::RAX
        });
    let unnamed = matches!(
        instruction.mnemonic(),
        Mnemonic::Mul
            | Mnemonic::Imul
            | Mnemonic::Div
            | Mnemonic::Idiv
            | Mnemonic::Cdq
            | Mnemonic::Cqo
            | Mnemonic::Cwde
            | Mnemonic::Cdqe
            | Mnemonic::Cmpxchg
            | Mnemonic::Cpuid
            | Mnemonic::Rdtsc
            | Mnemonic::Rdtscp
            | Mnemonic::Xgetbv
            | Mnemonic::Lodsb
            | Mnemonic::Lodsd
            | Mnemonic::Lodsq
    );
    !compares && named || unnamed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::closure_of_c;

    fn check(code: &[u8], expected: &[u32], n_unresolved: usize) {
        let mut numbers = Numbers::default();
        sweep(code, 0x1000, &mut numbers);
        let found: Vec<u32> = numbers.sites.keys().copied().collect();
        assert_eq!(
            (found.as_slice(), numbers.n_unresolved),
            (expected, n_unresolved),
            "{code:x?}"
        );
    }

    #[test]
    fn number_beside_the_call_is_seen() {
        // mov eax, 57; syscall
        check(&[0xb8, 57, 0, 0, 0, 0x0f, 5], &[57], 0);
        // mov rax, 60; xor edi, edi; syscall
        check(
            &[0x48, 0xc7, 0xc0, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 5],
            &[60],
            0,
        );
        // xor eax, eax; syscall
        check(&[0x31, 0xc0, 0x0f, 5], &[0], 0);
    }

    #[test]
    fn number_from_elsewhere_is_not_guessed() {
        check(&[0x0f, 5], &[], 1);
        // mov eax, 57; mov eax, edi; syscall
        check(&[0xb8, 57, 0, 0, 0, 0x89, 0xf8, 0x0f, 5], &[], 1);
        // mov eax, 57; call +0; syscall
        check(&[0xb8, 57, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x0f, 5], &[], 1);
        // mov eax, 57; cpuid; syscall
        check(&[0xb8, 57, 0, 0, 0, 0x0f, 0xa2, 0x0f, 5], &[], 1);
    }

    #[test]
    fn compiled_program_shows_its_own() {
        let source = "int main(void) { long n; __asm__ volatile(\"syscall\" : \"=a\"(n) : \"a\"(39L) : \"rcx\", \"r11\"); return n == 0; }";
        let closure = closure_of_c(source, &["-O2"]);
        let found = find(&closure.program.stripped);
        assert!(found.sites.contains_key(&39) && found.is_whole);
        let clean = closure_of_c("int main(void) { return 0; }", &[]);
        assert_eq!(find(&clean.program.stripped).sites.len(), 0);
    }

    #[test]
    fn any_bytes_are_decoded_to_their_end() {
        let bytes: Vec<u8> = (0..4096_u32).map(|n| ((n * 7919) >> 3) as u8).collect();
        let mut numbers = Numbers::default();
        sweep(&bytes, u64::MAX - 16, &mut numbers);
        assert_eq!(find(&bytes).sites.len(), 0);
    }
}
