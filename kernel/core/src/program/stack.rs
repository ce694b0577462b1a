//! What a program finds on its stack at its first instruction (x86-64 psABI, section 3.4.1).

use alloc::vec::Vec;
use core::ops::Range;

use linux_raw_sys::auxvec;
use unikernel_machine::address::UserAddr;

use super::launch::Settings;
use super::load::Loaded;
use crate::errno::Errno;
use crate::memory::layout::STACK_LIMIT;
use crate::memory::{AddressSpace, PAGE};

/// Pages of the stack that are mapped from the start; it grows when it is touched below.
const INITIAL: u64 = 32 * PAGE;

/// Ticks a second that `times(2)` counts in (`AT_CLKTCK`).
pub(crate) const CLOCK_TICKS: u64 = 100;

/// Longest arguments and environment together, with their terminators: a quarter of the stack, as Linux has it (execve(2)).
const MAX_STRINGS: usize = (STACK_LIMIT / 4) as usize;

/// The beginning of the stack from its lowest byte, and where it shall lie.
struct Image {
    bytes: Vec<u8>,
    strings: Vec<u8>,
    strings_at: u64,
}

/// Where things lie on the stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Where the stack pointer starts.
    pub(crate) pointer: u64,
    /// The arguments, each with its NUL.
    pub(crate) args: Range<u64>,
    /// The environment, each string with its NUL.
    pub(crate) env: Range<u64>,
    /// The auxiliary vector.
    pub(crate) vector: Range<u64>,
}

/// Maps the stack and fills it; where what lies. `E2BIG` when arguments and environment are too long.
pub(crate) fn build(
    memory: &mut AddressSpace,
    settings: &Settings,
    loaded: &Loaded,
    vdso: u64,
    random: [u8; 16],
) -> Result<Places, Errno> {
    let top = memory.map_stack(INITIAL)?;
    let all = settings.args.iter().chain(&settings.env);
    let strings = all.fold(settings.program.len(), |sum, text| {
        sum.saturating_add(text.len()).saturating_add(1)
    });
    if strings > MAX_STRINGS {
        return Err(Errno::E2BIG);
    }
    let platform = b"x86_64\0";
    let strings_len = (strings as u64)
        .saturating_add(platform.len() as u64)
        .saturating_add(1 + 16 + 8);
    let strings_at = top
        .saturating_sub(strings_len)
        .saturating_sub(memory.layout().stack_skew)
        & !15;
    let mut image = Image {
        bytes: Vec::new(),
        strings: Vec::new(),
        strings_at,
    };
    let random = image.string(&random);
    let platform = image.string(platform);
    let program = image.text(settings.program);
    let vector = auxiliary_vector(loaded, vdso, random, platform, program);
    image.words(&[settings.args.len() as u64]);
    let args = image.texts(&settings.args);
    let env = image.texts(&settings.env);
    let vector_at = image.bytes.len() as u64;
    for (key, value) in vector {
        image.words(&[key, value]);
    }
    let stack = strings_at.saturating_sub(image.bytes.len() as u64) & !15;
    memory.write(UserAddr(stack), &image.bytes)?;
    memory.write(UserAddr(strings_at), &image.strings)?;
    Ok(Places {
        pointer: stack,
        args,
        env,
        vector: stack.saturating_add(vector_at)..stack.saturating_add(image.bytes.len() as u64),
    })
}

impl Image {
    /// Adds bytes to the strings; their address.
    fn string(&mut self, bytes: &[u8]) -> u64 {
        let at = self.strings_end();
        self.strings.extend_from_slice(bytes);
        at
    }

    /// Adds a text and a NUL; its address.
    fn text(&mut self, text: &[u8]) -> u64 {
        let at = self.string(text);
        self.strings.push(0);
        at
    }

    /// Adds texts, and a list of their addresses with a null behind it; where the texts lie.
    fn texts(&mut self, texts: &[&[u8]]) -> Range<u64> {
        let start = self.strings_end();
        for text in texts {
            let at = self.text(text);
            self.words(&[at]);
        }
        self.words(&[0]);
        start..self.strings_end()
    }

    fn strings_end(&self) -> u64 {
        self.strings_at.saturating_add(self.strings.len() as u64)
    }

    fn words(&mut self, words: &[u64]) {
        for word in words {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
}

/// What the kernel tells the program beside its arguments (getauxval(3)).
fn auxiliary_vector(
    loaded: &Loaded,
    vdso: u64,
    random: u64,
    platform: u64,
    program: u64,
) -> [(u64, u64); 21] {
    let key = u64::from;
    [
        (key(auxvec::AT_SYSINFO_EHDR), vdso),
        (key(auxvec::AT_HWCAP), processor_features()),
        (key(auxvec::AT_PAGESZ), PAGE),
        (key(auxvec::AT_CLKTCK), CLOCK_TICKS),
        (key(auxvec::AT_PHDR), loaded.headers),
        (key(auxvec::AT_PHENT), super::elf::PROGRAM_HEADER as u64),
        (key(auxvec::AT_PHNUM), u64::from(loaded.header_count)),
        (key(auxvec::AT_BASE), loaded.interpreter_base),
        (key(auxvec::AT_FLAGS), 0),
        (key(auxvec::AT_ENTRY), loaded.entry),
        (key(auxvec::AT_UID), 0),
        (key(auxvec::AT_EUID), 0),
        (key(auxvec::AT_GID), 0),
        (key(auxvec::AT_EGID), 0),
        (key(auxvec::AT_SECURE), 0),
        (key(auxvec::AT_RANDOM), random),
        // Neither FSGSBASE nor MONITOR in ring 3.
        (key(auxvec::AT_HWCAP2), 0),
        (key(auxvec::AT_EXECFN), program),
        (key(auxvec::AT_PLATFORM), platform),
        (
            key(auxvec::AT_MINSIGSTKSZ),
            crate::process::signal::frame::most_bytes(),
        ),
        (key(auxvec::AT_NULL), 0),
    ]
}

/// `edx` of `CPUID` leaf 1, which is what `AT_HWCAP` holds on x86.
fn processor_features() -> u64 {
    u64::from(core::arch::x86_64::__cpuid(1).edx)
}
