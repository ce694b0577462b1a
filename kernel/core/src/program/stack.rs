//! What a program finds on its stack at its first instruction (x86-64 psABI, section 3.4.1).

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

/// A number as it lies in memory.
type Word = [u8; 8];

/// The auxiliary vector: keys and values.
type Vector = [[Word; 2]; 21];

/// What writes the beginning of the stack, which holds zeros so far: words upwards, and above them what they point to.
struct Writer<'a> {
    memory: &'a mut AddressSpace,
    word_at: u64,
    string_at: u64,
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
    let mut strings = settings.program.len();
    for texts in [&settings.args, &settings.env] {
        for text in texts {
            strings = strings.saturating_add(text.len()).saturating_add(1);
        }
    }
    if strings > MAX_STRINGS {
        return Err(Errno::E2BIG);
    }
    let top = memory.map_stack(INITIAL)?;
    let platform = b"x86_64\0";
    let strings_len = (strings as u64)
        .saturating_add(platform.len() as u64)
        .saturating_add(1 + 16 + 8);
    let strings_at = top
        .saturating_sub(strings_len)
        .saturating_sub(memory.layout().stack_skew)
        & !15;
    // Their number, and a null behind each list.
    let words = settings.args.len().saturating_add(settings.env.len());
    let words_len = (words as u64).saturating_add(3).saturating_mul(8);
    let vector_len = size_of::<Vector>() as u64;
    let stack = strings_at.saturating_sub(words_len.saturating_add(vector_len)) & !15;
    let mut writer = Writer {
        memory,
        word_at: stack,
        string_at: strings_at,
    };
    let random = writer.string(&random)?;
    let platform = writer.string(platform)?;
    let program = writer.text(settings.program)?;
    writer.word(settings.args.len() as u64)?;
    let args = writer.texts(&settings.args)?;
    let env = writer.texts(&settings.env)?;
    let vector_at = writer.word_at;
    let vector = auxiliary_vector(loaded, vdso, random, platform, program);
    memory.write(UserAddr(vector_at), vector.as_flattened().as_flattened())?;
    Ok(Places {
        pointer: stack,
        args,
        env,
        vector: vector_at..vector_at.saturating_add(vector_len),
    })
}

impl Writer<'_> {
    /// Writes a word.
    fn word(&mut self, word: u64) -> Result<(), Errno> {
        self.memory
            .write(UserAddr(self.word_at), &word.to_le_bytes())?;
        self.word_at = self.word_at.saturating_add(8);
        Ok(())
    }

    /// Writes bytes; their address.
    fn string(&mut self, bytes: &[u8]) -> Result<u64, Errno> {
        let at = self.string_at;
        self.memory.write(UserAddr(at), bytes)?;
        self.string_at = at.saturating_add(bytes.len() as u64);
        Ok(at)
    }

    /// Writes a text with a NUL behind it; its address.
    fn text(&mut self, text: &[u8]) -> Result<u64, Errno> {
        let at = self.string(text)?;
        self.string_at = self.string_at.saturating_add(1);
        Ok(at)
    }

    /// Writes texts, and a list of their addresses with a null behind it; where the texts lie.
    fn texts(&mut self, texts: &[&[u8]]) -> Result<Range<u64>, Errno> {
        let start = self.string_at;
        for text in texts {
            let at = self.text(text)?;
            self.word(at)?;
        }
        self.word_at = self.word_at.saturating_add(8);
        Ok(start..self.string_at)
    }
}

/// What the kernel tells the program beside its arguments (getauxval(3)).
fn auxiliary_vector(
    loaded: &Loaded,
    vdso: u64,
    random: u64,
    platform: u64,
    program: u64,
) -> Vector {
    let entry = |key, value: u64| [u64::from(key).to_le_bytes(), value.to_le_bytes()];
    [
        entry(auxvec::AT_SYSINFO_EHDR, vdso),
        entry(auxvec::AT_HWCAP, processor_features()),
        entry(auxvec::AT_PAGESZ, PAGE),
        entry(auxvec::AT_CLKTCK, CLOCK_TICKS),
        entry(auxvec::AT_PHDR, loaded.headers),
        entry(auxvec::AT_PHENT, super::elf::PROGRAM_HEADER as u64),
        entry(auxvec::AT_PHNUM, u64::from(loaded.header_count)),
        entry(auxvec::AT_BASE, loaded.interpreter_base),
        entry(auxvec::AT_FLAGS, 0),
        entry(auxvec::AT_ENTRY, loaded.entry),
        entry(auxvec::AT_UID, 0),
        entry(auxvec::AT_EUID, 0),
        entry(auxvec::AT_GID, 0),
        entry(auxvec::AT_EGID, 0),
        entry(auxvec::AT_SECURE, 0),
        entry(auxvec::AT_RANDOM, random),
        // Neither FSGSBASE nor MONITOR in ring 3.
        entry(auxvec::AT_HWCAP2, 0),
        entry(auxvec::AT_EXECFN, program),
        entry(auxvec::AT_PLATFORM, platform),
        entry(
            auxvec::AT_MINSIGSTKSZ,
            crate::process::signal::frame::most_bytes(),
        ),
        entry(auxvec::AT_NULL, 0),
    ]
}

/// `edx` of `CPUID` leaf 1, which is what `AT_HWCAP` holds on x86.
fn processor_features() -> u64 {
    u64::from(core::arch::x86_64::__cpuid(1).edx)
}
