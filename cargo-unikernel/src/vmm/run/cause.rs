//! What the processor refused, in words.

use iced_x86::{Decoder, DecoderOptions, FastFormatter, Instruction, Mnemonic, OpKind, Register};

use super::diagnose::signal_name;
use crate::symbols::unwind::Stack;

/// `si_code` of what the kernel knows no address of (`SI_KERNEL`, sigaction(2)).
const BY_KERNEL: u64 = 0x80;

/// `si_code` of a misaligned access (`BUS_ADRALN`).
const MISALIGNED: u64 = 1;

/// The registers by the numbers of unwind tables (x86-64 psABI, figure 3.36).
const REGISTERS: [Register; 16] = [
    Register::RAX,
    Register::RDX,
    Register::RCX,
    Register::RBX,
    Register::RSI,
    Register::RDI,
    Register::RBP,
    Register::RSP,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];

/// A fault as it was reported, and what the program's registers were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault<'a> {
    pub(super) signal: u64,
    pub(super) code: u64,
    pub(super) address: u64,
    pub(super) access: u64,
    /// From the instruction's first byte on.
    pub(super) instruction: &'a [u8],
    pub(super) stack: Option<&'a Stack<'a>>,
}

impl Fault<'_> {
    /// What there is to say about it.
    pub(super) fn message(self) -> String {
        let signal = signal_name(self.signal);
        format!("the program was ended by {signal}: {}", self.words())
    }

    /// What the program did.
    fn words(self) -> String {
        let address = self.address;
        let verb = match self.access {
            0 => "read from",
            1 => "wrote to",
            2 => "executed",
            _ => "touched",
        };
        match (self.signal, self.code) {
            // Not every kernel knows why.
            (11, 0) => format!("it {verb} address {address:#x}"),
            (11, 1) => format!("it {verb} address {address:#x}, where nothing is mapped"),
            (11, 2) => format!("it {verb} address {address:#x}, which is protected from that"),
            (11, _) => self.protection(),
            (7, MISALIGNED) => {
                "an address was misaligned while it had the processor check for that".to_owned()
            }
            (7, BY_KERNEL) => {
                "a stack fault: an address of its stack is not canonical, most likely".to_owned()
            }
            (7, _) => format!("it {verb} address {address:#x}, behind the end of the mapped file"),
            (4, _) => "its next instruction is none".to_owned(),
            (5, _) => "it ran into a breakpoint".to_owned(),
            (8, 1) => "it divided an integer by zero".to_owned(),
            (8, _) => "an arithmetic instruction failed".to_owned(),
            _ => format!("it {verb} address {address:#x}"),
        }
    }

    /// A general protection fault, which stands for much (Intel SDM volume 3, section 7.15): what the instruction shows of it.
    fn protection(self) -> String {
        let at = self.stack.map_or(0, Stack::instruction);
        let instruction = Decoder::with_ip(64, self.instruction, at, DecoderOptions::NONE).decode();
        if instruction.is_invalid() {
            return "a general protection fault: a misaligned SSE access, an address that is not canonical, or an instruction \
                that only a kernel may use"
                .to_owned();
        }
        let name = name(&instruction);
        if instruction.is_privileged() {
            return format!("it used `{name}`, which only a kernel may");
        }
        if instruction.mnemonic() == Mnemonic::Int {
            let as_32_bit = match instruction.immediate8() {
                0x80 => ", the system call of 32-bit programs",
                _ => "",
            };
            return format!("it used `{name}`{as_32_bit}, which this kernel does not have");
        }
        if let Some(address) = self.touched(&instruction) {
            let size = instruction.memory_size().size() as u64;
            let last = address.wrapping_add(size.saturating_sub(1));
            if !is_canonical(address) || !is_canonical(last) {
                return format!(
                    "it touched address {address:#x}, which is not canonical, by `{name}`"
                );
            }
            if size >= 16 && address % size != 0 {
                return format!(
                    "it touched address {address:#x}, which is misaligned, by `{name}`"
                );
            }
        }
        format!(
            "a general protection fault at `{name}`: a misaligned SSE access or an address that is not canonical, most likely"
        )
    }

    /// The address of the instruction's operand in memory, when all that it is made of is known.
    fn touched(self, instruction: &Instruction) -> Option<u64> {
        let mut operands = 0..instruction.op_count();
        let memory = operands.find(|operand| {
            !matches!(
                instruction.op_kind(*operand),
                OpKind::Register
                    | OpKind::NearBranch64
                    | OpKind::Immediate8
                    | OpKind::Immediate8_2nd
                    | OpKind::Immediate8to64
                    | OpKind::Immediate32
                    | OpKind::Immediate32to64
            )
        })?;
        let stack = self.stack?;
        instruction.virtual_address(memory, 0, |register, _, _| match register {
            Register::CS | Register::DS | Register::ES | Register::SS => Some(0),
            _ => {
                let full = register.full_register();
                let number = REGISTERS.iter().position(|known| *known == full)?;
                let value = stack.register(number)?;
                Some(if register.size() == 4 {
                    value & u64::from(u32::MAX)
                } else {
                    value
                })
            }
        })
    }
}

/// The instruction as text.
fn name(instruction: &Instruction) -> String {
    let mut formatter = FastFormatter::new();
    formatter.options_mut().set_use_hex_prefix(true);
    formatter.options_mut().set_rip_relative_addresses(true);
    let mut name = String::new();
    formatter.format(instruction, &mut name);
    name
}

/// Whether bits 47 to 63 are the same (Intel SDM volume 1, section 3.3.7.1).
fn is_canonical(address: u64) -> bool {
    matches!(address.cast_signed() >> 47, 0 | -1)
}

#[cfg(test)]
mod tests {
    use unikernel_abi::report::{Places, REGISTERS};

    use super::*;

    /// A general protection fault with `rax` 0x1008, `rdx` far out, at 0x2000.
    fn check(instruction: &[u8], expected: &str) {
        let mut registers = [0; 8 * REGISTERS];
        registers[..8].copy_from_slice(&0x1008_u64.to_le_bytes());
        registers[8..16].copy_from_slice(&0xdead_0000_0000_0000_u64.to_le_bytes());
        registers[128..].copy_from_slice(&0x2000_u64.to_le_bytes());
        let stack = Stack::new(&registers, 0, &[], Places::default()).unwrap();
        let fault = Fault {
            signal: 11,
            code: BY_KERNEL,
            address: 0,
            access: 3,
            instruction,
            stack: Some(&stack),
        };
        assert_eq!(fault.words(), expected, "{instruction:02x?}");
    }

    #[test]
    fn what_only_a_kernel_may_is_named() {
        check(&[0xf4, 0x90], "it used `hlt`, which only a kernel may");
        check(&[0xfa], "it used `cli`, which only a kernel may");
        check(&[0xee], "it used `out dx,al`, which only a kernel may");
        check(
            &[0x0f, 0x20, 0xc0],
            "it used `mov rax,cr0`, which only a kernel may",
        );
    }

    #[test]
    fn interrupts_are_named() {
        check(
            &[0xcd, 0x80],
            "it used `int 0x80`, the system call of 32-bit programs, which this kernel does not have",
        );
    }

    #[test]
    fn addresses_are_told_where_they_are_known() {
        check(
            &[0x0f, 0x28, 0x00],
            "it touched address 0x1008, which is misaligned, by `movaps xmm0,[rax]`",
        );
        check(
            &[0x0f, 0x28, 0x05, 0x01, 0x00, 0x00, 0x00],
            "it touched address 0x2008, which is misaligned, by `movaps xmm0,[rip+0x1]`",
        );
        check(
            &[0x8b, 0x4a, 0x04],
            "it touched address 0xdead000000000004, which is not canonical, by `mov ecx,[rdx+0x4]`",
        );
    }

    #[test]
    fn what_is_not_known_is_no_certainty() {
        check(
            &[],
            "a general protection fault: a misaligned SSE access, an address that is not canonical, or an instruction that only \
                a kernel may use",
        );
        // fs:[rax]: nobody has told the segment's base.
        check(
            &[0x64, 0x8b, 0x08],
            "a general protection fault at `mov ecx,fs:[rax]`: a misaligned SSE access or an address that is not canonical, \
                most likely",
        );
        check(
            &[0xc3],
            "a general protection fault at `ret`: a misaligned SSE access or an address that is not canonical, most likely",
        );
    }

    #[test]
    fn no_more_is_told_than_is_known() {
        let fault = |signal, code| Fault {
            signal,
            code,
            address: 0,
            access: 3,
            instruction: &[],
            stack: None,
        };
        assert!(fault(7, BY_KERNEL).words().starts_with("a stack fault"));
        assert_eq!(fault(11, 0).words(), "it touched address 0x0");
    }
}
