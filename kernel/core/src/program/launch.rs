//! The launch record as settings.

use alloc::vec::Vec;

use unikernel_abi::launch::{Item, Launch};
use unikernel_abi::trace::Captures;

use super::StartError;

/// What to start, and what the host knows. `'static`: the record lies where the loader put it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Guest path of the ELF.
    pub(crate) program: &'static [u8],
    /// Arguments, the program's name included.
    pub(crate) args: Vec<&'static [u8]>,
    /// Environment strings.
    pub(crate) env: Vec<&'static [u8]>,
    /// Rate of the time-stamp counter.
    pub(crate) tsc_hz: Option<u64>,
    /// The wall clock at the start, in nanoseconds since 1970.
    pub(crate) unix_ns: u64,
    /// Which streams are terminals.
    pub(crate) terminals: u64,
    /// Seed of the layout.
    pub(crate) layout_seed: Option<u64>,
    /// What to copy for each system call, when they are to be told.
    pub(crate) traced: Option<Captures<'static>>,
    /// Whether the program waits for the host's word before its first instruction.
    pub(crate) is_held: bool,
}

impl Settings {
    /// The settings of the run's record if there is one, else of the image's.
    pub(crate) fn read(
        module: Option<&'static [u8]>,
        image: &'static [u8],
    ) -> Result<Self, StartError> {
        let record = Launch::decode(module.unwrap_or(image)).map_err(StartError::Launch)?;
        let mut settings = Self::default();
        for item in record.items() {
            match item.map_err(StartError::Launch)? {
                Item::Program(path) => settings.program = path,
                Item::Arg(arg) => settings.args.push(arg),
                Item::Env(text) => settings.env.push(text),
                Item::TscHz(hz) => settings.tsc_hz = Some(hz),
                Item::UnixTimeNs(nanos) => settings.unix_ns = nanos,
                Item::Terminals(bits) => settings.terminals = bits,
                Item::LayoutSeed(seed) => settings.layout_seed = Some(seed),
                Item::Trace(captures) => settings.traced = Some(Captures(captures)),
                Item::Hold(word) => settings.is_held = word != 0,
            }
        }
        if settings.program.is_empty() {
            return Err(StartError::NoProgram);
        }
        if settings.args.is_empty() {
            settings.args.push(settings.program);
        }
        Ok(settings)
    }
}
