//! Who called whom: the frames of a stack that a guest reported, by the unwind tables of its files.
//!
//! The tables (`.eh_frame`) come with nearly every program, stripped or not, because exceptions and panics need them. Where a
//! function has none, the frame pointer is tried, and believed only if it leads to code.

use std::collections::HashMap;

use addr2line::gimli::{
    BaseAddresses, CfaRule, EhFrame, Encoding, EndianSlice, EvaluationResult, LittleEndian,
    Register, RegisterRule, UnwindContext, UnwindExpression, UnwindSection, UnwindTableRow, Value,
};
use object::{Object as _, ObjectSection as _};
use unikernel_abi::bytes::u64_at;
use unikernel_abi::report::{Places, REGISTERS};

use super::call::{code_before, ends_in_call};
use super::{Symbols, base};

/// More frames than this are not looked for.
const MAX_FRAMES: usize = 64;

/// Code that lies further behind a file's first byte than this is not the file's: branches reach 2 GiB.
const MAX_MODULE: u64 = 1 << 31;

/// More operations than this has no expression of a compiler's.
const MAX_OPERATIONS: u32 = 1000;

const RBP: usize = 6;
const RSP: usize = 7;
const RETURN_ADDRESS: usize = 16;

/// A thread of the guest, as it reported itself ([`unikernel_abi::report::Report::Stack`]).
#[derive(Debug)]
pub struct Stack<'a> {
    registers: Registers,
    at: u64,
    bytes: &'a [u8],
    /// Guest path and load address, by address.
    modules: Vec<(String, u64)>,
}

/// A place in the code that a frame is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The guest's file; empty when the address lies in none.
    pub module: String,
    /// Offset from the file's load address, or the address itself. For a caller that of the byte before the return address,
    /// which belongs to the call.
    pub offset: u64,
}

/// What is known of the registers, as unwind tables number them.
type Registers = [Option<u64>; REGISTERS];

/// How a frame came to the one that it stands below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// It called it.
    ByCall,
    /// A signal came in between.
    BySignal,
}

/// The ELFs that were read, by guest path.
type Files = HashMap<String, Option<Vec<u8>>>;

type Reader<'a> = EndianSlice<'a, LittleEndian>;

impl<'a> Stack<'a> {
    /// From the fields of a report; `None` when they are not whole.
    #[must_use]
    pub fn new(registers: &[u8], at: u64, bytes: &'a [u8], modules: Places<'_>) -> Option<Self> {
        let mut known = [None; REGISTERS];
        for (index, register) in known.iter_mut().enumerate() {
            *register = Some(u64_at(registers, index * 8)?);
        }
        let mut modules: Vec<(String, u64)> = modules
            .iter()
            .map(|place| {
                (
                    String::from_utf8_lossy(place.module).into_owned(),
                    place.offset,
                )
            })
            .collect();
        modules.sort_by_key(|(_, start)| *start);
        Some(Self {
            registers: known,
            at,
            bytes,
            modules,
        })
    }

    /// Where the instruction stands that the thread stopped at.
    #[must_use]
    pub fn instruction(&self) -> u64 {
        self.register(RETURN_ADDRESS).unwrap_or(0)
    }

    /// What a register held, by its number in unwind tables.
    #[must_use]
    pub fn register(&self, number: usize) -> Option<u64> {
        *self.registers.get(number)?
    }

    /// Where each frame is, innermost first.
    #[must_use]
    pub fn unwind(&self, symbols: &Symbols) -> Vec<Point> {
        let mut files = Files::new();
        let mut registers = self.registers;
        let mut points = Vec::new();
        // Behind the first frame there are return addresses, which may be the first of the next function. Where a signal came in
        // between it was the very instruction.
        let mut back = 0;
        while let Some(address) = registers[RETURN_ADDRESS]
            && points.len() < MAX_FRAMES
        {
            let at = address.wrapping_sub(back);
            let module = self.module_of(at);
            points.push(match module {
                Some((name, start)) => Point {
                    module: name.to_owned(),
                    offset: at - start,
                },
                None if back == 0 => Point {
                    module: String::new(),
                    offset: at,
                },
                // A frame that came to no code was read wrongly.
                None => break,
            });
            let next = match module {
                Some((name, start)) => {
                    let file = files
                        .entry(name.to_owned())
                        .or_insert_with(|| symbols.bytes(name));
                    let by_tables = file
                        .as_ref()
                        .and_then(|file| self.by_tables(file, at - start, &registers));
                    // System calls of glibc's that make processes stand where its tables end, before anything was pushed.
                    let pushed_nothing = (back == 0).then(|| self.by_call(&registers)).flatten();
                    let guesses = [pushed_nothing, self.by_frame_pointer(&registers)];
                    by_tables.or_else(|| {
                        let mut guesses = guesses.into_iter().flatten();
                        let found =
                            guesses.find(|guess| self.is_behind_call(guess, symbols, &mut files));
                        found.map(|registers| (registers, Came::ByCall))
                    })
                }
                // A call through a bad pointer pushed where it came from.
                None => self
                    .by_call(&registers)
                    .map(|registers| (registers, Came::ByCall)),
            };
            let Some((next, came)) =
                next.filter(|(next, came)| *came == Came::BySignal || next[RSP] > registers[RSP])
            else {
                break;
            };
            registers = next;
            back = match came {
                Came::ByCall => 1,
                Came::BySignal => 0,
            };
        }
        points
    }

    /// Whether the return address stands behind a call; `true` when nobody has the code.
    fn is_behind_call(&self, registers: &Registers, symbols: &Symbols, files: &mut Files) -> bool {
        let address = registers[RETURN_ADDRESS];
        let found = address.and_then(|address| Some((address, self.module_of(address)?)));
        let Some((address, (name, start))) = found else {
            return false;
        };
        let entry = files.entry(name.to_owned());
        let Some(file) = entry.or_insert_with(|| symbols.bytes(name)) else {
            return true;
        };
        code_before(file, address - start).is_some_and(ends_in_call)
    }

    fn module_of(&self, address: u64) -> Option<(&str, u64)> {
        let (name, start) = self.modules.iter().rfind(|(_, start)| *start <= address)?;
        (address - start < MAX_MODULE).then_some((name, *start))
    }

    fn word(&self, address: u64) -> Option<u64> {
        let offset = usize::try_from(address.checked_sub(self.at)?).ok()?;
        u64_at(self.bytes, offset)
    }

    /// The caller's registers where a call has just been made.
    fn by_call(&self, registers: &Registers) -> Option<Registers> {
        let stack = registers[RSP]?;
        let mut next = *registers;
        next[RETURN_ADDRESS] = Some(self.word(stack)?);
        next[RSP] = stack.checked_add(8);
        Some(next)
    }

    /// The caller's registers where a function keeps its frame's address.
    fn by_frame_pointer(&self, registers: &Registers) -> Option<Registers> {
        let frame = registers[RBP]?;
        let mut next = *registers;
        next[RBP] = Some(self.word(frame)?);
        next[RETURN_ADDRESS] = Some(self.word(frame.checked_add(8)?)?);
        next[RSP] = frame.checked_add(16);
        Some(next)
    }

    /// The caller's registers as the file's tables say.
    fn by_tables(
        &self,
        file: &[u8],
        offset: u64,
        registers: &Registers,
    ) -> Option<(Registers, Came)> {
        let file = object::File::parse(file).ok()?;
        let address = base(&file)?.checked_add(offset)?;
        let section = file.section_by_name(".eh_frame")?;
        let table = EhFrame::new(section.data().ok()?, LittleEndian);
        let mut bases = BaseAddresses::default().set_eh_frame(section.address());
        if let Some(text) = file.section_by_name(".text") {
            bases = bases.set_text(text.address());
        }
        let entry = table
            .fde_for_address(&bases, address, EhFrame::cie_from_offset)
            .ok()?;
        let came = if entry.is_signal_trampoline() {
            Came::BySignal
        } else {
            Came::ByCall
        };
        let encoding = entry.cie().encoding();
        let mut context = UnwindContext::new();
        let row = entry
            .unwind_info_for_address(&table, &bases, &mut context, address)
            .ok()?;
        let expressions = Expressions {
            table,
            encoding,
            stack: self,
            registers,
        };
        let next = self.apply(row, registers, &expressions)?;
        Some((next, came))
    }

    fn apply(
        &self,
        row: &UnwindTableRow<usize>,
        registers: &Registers,
        expressions: &Expressions<'_>,
    ) -> Option<Registers> {
        let frame = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                known(registers, *register)?.checked_add_signed(*offset)?
            }
            CfaRule::Expression(expression) => expressions.evaluate(expression, None)?,
        };
        let mut next = *registers;
        // What a call may change is not known any more; what it must keep is, unless the table says otherwise.
        next[RSP] = Some(frame);
        next[RETURN_ADDRESS] = None;
        for (register, rule) in row.registers() {
            let Some(slot) = next.get_mut(usize::from(register.0)) else {
                continue;
            };
            *slot = match rule {
                RegisterRule::SameValue => *slot,
                RegisterRule::Offset(offset) => frame
                    .checked_add_signed(*offset)
                    .and_then(|at| self.word(at)),
                RegisterRule::ValOffset(offset) => frame.checked_add_signed(*offset),
                RegisterRule::Register(other) => known(registers, *other),
                RegisterRule::Expression(expression) => expressions
                    .evaluate(expression, Some(frame))
                    .and_then(|at| self.word(at)),
                RegisterRule::ValExpression(expression) => {
                    expressions.evaluate(expression, Some(frame))
                }
                _ => None,
            };
        }
        Some(next)
    }
}

/// What expressions in a file's tables are about.
struct Expressions<'a> {
    table: EhFrame<Reader<'a>>,
    encoding: Encoding,
    stack: &'a Stack<'a>,
    registers: &'a Registers,
}

impl Expressions<'_> {
    /// Works out an expression over registers and the stack (DWARF 5, section 2.5).
    fn evaluate(&self, expression: &UnwindExpression<usize>, initial: Option<u64>) -> Option<u64> {
        let expression = expression.get(&self.table).ok()?;
        let mut evaluation = expression.evaluation(self.encoding);
        if let Some(initial) = initial {
            evaluation.set_initial_value(initial);
        }
        evaluation.set_max_iterations(MAX_OPERATIONS);
        let mut state = evaluation.evaluate().ok()?;
        loop {
            state = match state {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = Value::Generic(known(self.registers, register)?);
                    evaluation.resume_with_register(value).ok()?
                }
                EvaluationResult::RequiresMemory { address, .. } => {
                    let value = Value::Generic(self.stack.word(address)?);
                    evaluation.resume_with_memory(value).ok()?
                }
                _ => return None,
            };
        }
        evaluation.value_result()?.to_u64(u64::MAX).ok()
    }
}

fn known(registers: &Registers, register: Register) -> Option<u64> {
    *registers.get(usize::from(register.0))?
}

#[cfg(test)]
mod tests {
    use unikernel_abi::bytes::FixedSink;

    use super::*;

    fn stack(bytes: &[u8], rsp: u64, rbp: u64, rip: u64) -> Stack<'_> {
        let mut registers = [0; 8 * REGISTERS];
        for (index, value) in [(RSP, rsp), (RBP, rbp), (RETURN_ADDRESS, rip)] {
            registers[index * 8..index * 8 + 8].copy_from_slice(&value.to_le_bytes());
        }
        let mut buffer = [0; 64];
        let mut modules = FixedSink::new(&mut buffer);
        let place = unikernel_abi::report::Place {
            module: b"/a",
            offset: 0x40_0000,
        };
        Places::put(&mut modules, place);
        Stack::new(&registers, 0x7000, bytes, Places(modules.finish().unwrap())).unwrap()
    }

    fn points(stack: &Stack<'_>) -> Vec<(String, u64)> {
        let points = stack.unwind(&Symbols::default());
        points.into_iter().map(|p| (p.module, p.offset)).collect()
    }

    #[test]
    fn frame_pointers_lead_on_where_there_are_no_tables() {
        let words = [0x7010_u64, 0x40_0200, 0, 0x40_0300];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let found = points(&stack(&bytes, 0x6ff0, 0x7000, 0x40_0100));
        let expected = [0x100, 0x1ff, 0x2ff].map(|offset| ("/a".to_owned(), offset));
        assert_eq!(found, expected);
    }

    #[test]
    fn call_through_a_bad_pointer_came_from_its_return_address() {
        let bytes = 0x40_0200_u64.to_le_bytes();
        let found = points(&stack(&bytes, 0x7000, 0, 0));
        assert_eq!(found, [(String::new(), 0), ("/a".to_owned(), 0x1ff)]);
    }

    #[test]
    fn stacks_that_lead_nowhere_end() {
        let bytes = [0xff; 64];
        assert_eq!(points(&stack(&bytes, 0x7000, 0x7000, 0x40_0100)).len(), 1);
        assert_eq!(
            points(&stack(&[], u64::MAX, u64::MAX, u64::MAX - 1)).len(),
            1
        );
        assert!(Stack::new(&[0; 8], 0, &[], Places::default()).is_none());
    }
}
