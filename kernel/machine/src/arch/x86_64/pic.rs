//! The two old interrupt controllers: moved out of the way of the exceptions, and masked.

use super::instruction::out8;

/// Initialisation words for the command (even) and data (odd) ports; vectors 0x20 to 0x2f.
const WORDS: [(u16, u8); 10] = [
    (0x20, 0x11),
    (0xa0, 0x11),
    (0x21, 0x20),
    (0xa1, 0x28),
    (0x21, 4),
    (0xa1, 2),
    (0x21, 1),
    (0xa1, 1),
    (0x21, 0xff),
    (0xa1, 0xff),
];

pub(crate) fn mask() {
    for (port, value) in WORDS {
        // SAFETY: the controllers touch no memory; machines without them ignore it.
        unsafe { out8(port, value) };
    }
}
