//! The processor's interrupt controller and its timer (Intel SDM volume 3, chapter 12).

use super::features::has_tsc_deadline;
use super::instruction::{cpuid, read_msr, write_msr};
use super::mmio::{Head, Mmio};
use super::one_cpu::OneCpu;

/// The alarm's vector. The sixteen below belong to the old controllers, whose interrupts are masked.
pub(crate) const TIMER_VECTOR: u64 = 0x30;
/// The first vector for devices.
pub(crate) const FIRST_DEVICE_VECTOR: u64 = 0x31;
/// What comes when an interrupt vanished; also the first vector behind those for devices.
pub(crate) const SPURIOUS_VECTOR: u64 = 0x3f;

const MSR_BASE: u32 = 0x1b;
const MSR_TSC_DEADLINE: u32 = 0x6e0;
const MSR_X2APIC: u32 = 0x800;
/// In [`MSR_BASE`]: registers are model-specific ones.
const X2APIC: u64 = 1 << 10;
const ENABLED: u64 = 1 << 11;

const TASK_PRIORITY: u32 = 0x80;
const END_OF_INTERRUPT: u32 = 0xb0;
const SPURIOUS: u32 = 0xf0;
const TIMER: u32 = 0x320;
const LINT0: u32 = 0x350;
const LINT1: u32 = 0x360;
const ERROR: u32 = 0x370;
const INITIAL_COUNT: u32 = 0x380;
const CURRENT_COUNT: u32 = 0x390;
const DIVIDE: u32 = 0x3e0;
const LEN: usize = 0x400;

const MASKED: u32 = 1 << 16;
const SOFTWARE_ENABLE: u32 = 1 << 8;
const TSC_DEADLINE: u32 = 2 << 17;
const DIVIDE_BY_1: u32 = 0b1011;

#[derive(Clone, Copy)]
enum Apic {
    Absent,
    Memory(Head<LEN>),
    Registers,
}

static APIC: OneCpu<Apic> = OneCpu::new(Apic::Absent);

impl Apic {
    fn read(self, register: u32) -> u32 {
        match self {
            Self::Absent => 0,
            Self::Memory(registers) => registers.read32(register as usize),
            // SAFETY: the controller is in the mode in which it has these registers.
            Self::Registers => unsafe { read_msr(MSR_X2APIC + (register >> 4)) as u32 },
        }
    }

    fn write(self, register: u32, value: u32) {
        match self {
            Self::Absent => {}
            Self::Memory(registers) => registers.write32(register as usize, value),
            // SAFETY: the controller is in the mode in which it has these registers.
            Self::Registers => unsafe { write_msr(MSR_X2APIC + (register >> 4), u64::from(value)) },
        }
    }
}

/// Switches the controller on, with everything masked but what comes as a message.
pub(crate) fn init() {
    // SAFETY: every x86-64 processor has the register.
    let base = unsafe { read_msr(MSR_BASE) };
    let apic = if base & X2APIC != 0 {
        Apic::Registers
    } else {
        // SAFETY: it stays where it is, and is now on.
        unsafe { write_msr(MSR_BASE, base | ENABLED) };
        // SAFETY: the controller's registers lie where it says.
        let registers = unsafe { Mmio::map(base & 0x000f_ffff_ffff_f000, LEN) };
        let registers = registers.and_then(Mmio::head);
        Apic::Memory(
            registers.expect("there is no memory for the interrupt controller's page table"),
        )
    };
    let mode = if has_tsc_deadline() { TSC_DEADLINE } else { 0 };
    for &(register, value) in &[
        (LINT0, MASKED),
        (LINT1, MASKED),
        (ERROR, MASKED),
        (TASK_PRIORITY, 0),
        (SPURIOUS, SOFTWARE_ENABLE | SPURIOUS_VECTOR as u32),
        (DIVIDE, DIVIDE_BY_1),
        (TIMER, mode | TIMER_VECTOR as u32),
    ] {
        apic.write(register, value);
    }
    *APIC.borrow() = apic;
}

/// The controller's number, which messages are sent to: the one that the processor got at its reset.
pub(crate) fn id() -> u32 {
    cpuid(1, 0).ebx >> 24
}

/// Lets the next interrupt come.
pub(crate) fn end_of_interrupt() {
    APIC.borrow().write(END_OF_INTERRUPT, 0);
}

/// How many ticks are left of those that [`fire_after`] was given; 0 when it has fired.
pub(crate) fn left() -> u32 {
    APIC.borrow().read(CURRENT_COUNT)
}

/// Raises [`TIMER_VECTOR`] when the time-stamp counter reaches `ticks`; 0 never. The processor must have the mode.
pub(crate) fn fire_at(ticks: u64) {
    // SAFETY: the processor has the register; see `init`.
    unsafe { write_msr(MSR_TSC_DEADLINE, ticks) };
}

/// Raises [`TIMER_VECTOR`] after `count` ticks of the timer's own clock; 0 never.
pub(crate) fn fire_after(count: u32) {
    APIC.borrow().write(INITIAL_COUNT, count);
}
