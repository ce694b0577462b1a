//! System calls that a program's own code makes with a number that is evident beside the `syscall` instruction.

use std::collections::BTreeMap;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::program::elf;

/// Most bytes of code that are decoded: some seconds. What lies behind is left out, and [`Numbers::is_whole`] says so.
const MAX_LEN: usize = 256 << 20;

/// Instructions between the number and the `syscall` at most; a path that is longer has usually joined others.
const MAX_DISTANCE: usize = 12;

/// Number and flag of clone(2).
const CLONE: u32 = 56;
const CLONE_VM: u32 = 0x100;

/// What the code shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbers {
    /// By number, the link address of the first site.
    pub sites: BTreeMap<u32, u64>,
    /// The first site of `clone` whose flags stand beside it, and say that memory is not shared: a process is made, as C
    /// libraries' `fork` does it (clone(2)).
    pub copies_process: Option<u64>,
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
    let mut number = Known::new(Register::RAX);
    let mut first_argument = Known::new(Register::RDI);
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if instruction.mnemonic() == Mnemonic::Syscall {
            match number.take() {
                Some(number) => {
                    let site = instruction.ip();
                    numbers.sites.entry(number).or_insert(site);
                    let flags = first_argument.take().filter(|_| number == CLONE);
                    if flags.is_some_and(|flags| flags & CLONE_VM == 0) {
                        numbers.copies_process.get_or_insert(site);
                    }
                }
                None => numbers.n_unresolved += 1,
            }
            continue;
        }
        number.follow(&instruction);
        first_argument.follow(&instruction);
    }
}

/// The constant in a register, as far as it stands in the code.
struct Known {
    /// The register, all 64 bits of it.
    register: Register,
    /// The constant, and how many instructions ago it was put there.
    value: Option<(u32, usize)>,
}

impl Known {
    fn new(register: Register) -> Self {
        Self {
            register,
            value: None,
        }
    }

    /// What is known, which is forgotten.
    fn take(&mut self) -> Option<u32> {
        self.value.take().map(|(value, _)| value)
    }

    /// Takes note of an instruction that is no system call.
    fn follow(&mut self, instruction: &Instruction) {
        let kept = self
            .value
            .filter(|(_, distance)| *distance < MAX_DISTANCE && !self.is_changed_by(instruction))
            .map(|(value, distance)| (value, distance + 1));
        let loaded = self.loaded_by(instruction).map(|value| (value, 0));
        let goes_on = instruction.flow_control() == FlowControl::Next;
        self.value = loaded.or(kept).filter(|_| goes_on);
    }

    /// The constant that an instruction puts there.
    fn loaded_by(&self, instruction: &Instruction) -> Option<u32> {
        let into = instruction.op0_register();
        // The lower half clears the upper one; a smaller part would leave the rest as it was.
        let is_whole = into.size() >= 4 && into.full_register() == self.register;
        if instruction.op_count() != 2 || !is_whole {
            return None;
        }
        match (instruction.mnemonic(), instruction.op1_kind()) {
            (
                Mnemonic::Mov,
                OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64,
            ) => u32::try_from(instruction.immediate(1)).ok(),
            (Mnemonic::Xor | Mnemonic::Sub, OpKind::Register)
                if into == instruction.op1_register() =>
            {
                Some(0)
            }
            _ => None,
        }
    }

    /// Whether an instruction may change it: the register or a part of it is its first operand and it is no comparison, or it is
    /// one of those that write it unnamed.
    fn is_changed_by(&self, instruction: &Instruction) -> bool {
        let compares = matches!(
            instruction.mnemonic(),
            Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push | Mnemonic::Nop
        );
        let named = (0..instruction.op_count())
            .filter(|operand| instruction.op_kind(*operand) == OpKind::Register)
            .any(|operand| {
                let is_written = operand == 0 || instruction.mnemonic() == Mnemonic::Xchg;
                is_written && instruction.op_register(operand).full_register() == self.register
            });
        let unnamed = match self.register {
            Register::RAX => writes_rax(instruction.mnemonic()),
            _ => instruction.is_string_instruction(),
        };
        !compares && named || unnamed
    }
}

/// Whether it writes rax without naming it.
fn writes_rax(mnemonic: Mnemonic) -> bool {
    matches!(
        mnemonic,
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
    )
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
    fn clone_without_shared_memory_is_seen() {
        let check = |code: &[u8], expected: Option<u64>| {
            let mut numbers = Numbers::default();
            sweep(code, 0x1000, &mut numbers);
            assert_eq!(numbers.copies_process, expected, "{code:x?}");
        };
        // mov edi, FLAGS; mov eax, 56; syscall
        let code = |flags: u32| {
            let [a, b, c, d] = flags.to_le_bytes();
            [0xbf, a, b, c, d, 0xb8, 56, 0, 0, 0, 0x0f, 5]
        };
        check(&code(0x0120_0011), Some(0x100a));
        check(&code(0x003d_0f00), None);
        // mov edi, 17; mov edi, esi; mov eax, 56; syscall
        let moved = [0xbf, 17, 0, 0, 0, 0x89, 0xf7, 0xb8, 56, 0, 0, 0, 0x0f, 5];
        check(&moved, None);
        // mov edi, 17; stosb; mov eax, 56; syscall
        check(&[0xbf, 17, 0, 0, 0, 0xaa, 0xb8, 56, 0, 0, 0, 0x0f, 5], None);
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
