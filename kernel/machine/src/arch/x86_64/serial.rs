//! COM1, a 16550 UART, polled.

use core::fmt;

use super::instruction::{in8, out8};

const BASE: u16 = 0x3f8;
const DATA: u16 = BASE;
const INTERRUPTS: u16 = BASE + 1;
const FIFO: u16 = BASE + 2;
const LINE: u16 = BASE + 3;
const MODEM: u16 = BASE + 4;
const STATUS: u16 = BASE + 5;
const SCRATCH: u16 = BASE + 7;

const RECEIVED: u8 = 1;
const SENT: u8 = 1 << 5;
/// Bytes that may be written when the last ones are out.
const FIFO_LEN: usize = 16;

/// The line is set up so: 115200 baud, 8 bits, no parity, FIFOs on, no interrupts.
const SETUP: [(u16, u8); 7] = [
    (INTERRUPTS, 0),
    (LINE, 0x80),
    (DATA, 1),
    (INTERRUPTS, 0),
    (LINE, 3),
    (FIFO, 7),
    (MODEM, 3),
];

/// The first serial line.
#[derive(Debug)]
pub struct Serial(());

impl Serial {
    /// Sets the line up; `None` when nothing answers there.
    pub(super) fn open() -> Option<Self> {
        write(SCRATCH, 0xa5);
        if in8(SCRATCH) != 0xa5 {
            return None;
        }
        for (port, value) in SETUP {
            write(port, value);
        }
        Some(Self(()))
    }

    /// Sends all bytes; waits while the line is busy.
    pub fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(FIFO_LEN) {
            while in8(STATUS) & SENT == 0 {
                core::hint::spin_loop();
            }
            for byte in part {
                write(DATA, *byte);
            }
        }
    }

    /// A byte that came in, if there is one.
    pub fn try_read(&mut self) -> Option<u8> {
        (in8(STATUS) & RECEIVED != 0).then(|| in8(DATA))
    }
}

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}

fn write(port: u16, value: u8) {
    // SAFETY: the UART touches no memory.
    unsafe { out8(port, value) };
}
