//! The kernel's end when it finds itself broken.

use core::fmt;
use core::panic::PanicInfo;

use super::one_cpu::OneCpu;
use super::power;
use super::serial::Serial;

/// What says how a panic is reported; taken by the first panic, so that a second one inside of it ends the machine.
static REPORTER: OneCpu<Option<fn(&fmt::Arguments<'_>)>> = OneCpu::new(Some(report_on_serial));

/// Says how a panic of the kernel is reported; until then it goes to the serial line as text. The machine ends behind it.
pub fn set_panic_reporter(reporter: fn(&fmt::Arguments<'_>)) {
    *REPORTER.borrow() = Some(reporter);
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let reporter = REPORTER.borrow().take();
    if let Some(reporter) = reporter {
        reporter(&format_args!("{info}"));
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
