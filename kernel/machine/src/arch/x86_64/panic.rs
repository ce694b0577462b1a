//! The kernel's end when it finds itself broken.

use alloc::boxed::Box;
use core::fmt;
use core::panic::PanicInfo;

use super::one_cpu::OneCpu;
use super::power;
use super::serial::Serial;

/// What says how a panic is reported; taken by the first panic, so that a second one inside of it ends the machine.
static REPORTER: OneCpu<Reporter> = OneCpu::new(Reporter::Serial);

/// How a panic is reported.
enum Reporter {
    /// As text on the serial line.
    Serial,
    /// As the kernel above says.
    Given(Box<dyn FnMut(&fmt::Arguments<'_>)>),
    /// Not at all: one is being reported.
    Taken,
}

/// Says how a panic of the kernel is reported; until then it goes to the serial line as text. The machine ends behind it.
pub fn set_panic_reporter(reporter: Box<dyn FnMut(&fmt::Arguments<'_>)>) {
    *REPORTER.borrow() = Reporter::Given(reporter);
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let reporter = core::mem::replace(&mut *REPORTER.borrow(), Reporter::Taken);
    match reporter {
        Reporter::Serial => report_on_serial(&format_args!("{info}")),
        Reporter::Given(mut report) => report(&format_args!("{info}")),
        Reporter::Taken => {}
    }
    power::off(1)
}

fn report_on_serial(message: &fmt::Arguments<'_>) {
    if let Some(mut serial) = Serial::open() {
        // A serial line does not fail.
        let _ = fmt::write(&mut serial, format_args!("kernel panic: {message}\n"));
    }
}

/// The prebuilt core refers to it; without unwinding it is never called.
// SAFETY: nothing else has the name.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> ! {
    power::off(1)
}

/// The prebuilt alloc refers to it; without unwinding it is never called.
// SAFETY: nothing else has the name.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    power::off(1)
}
