//! Bytes, numbers and words as strace(1) writes them.

/// Bytes of a buffer that are shown; strace's own default.
pub(super) const SHOWN: usize = 32;

/// How bytes are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// Where they are not printable.
    Unprintable,
    /// Each of them: random bytes say nothing as text.
    All,
}

/// Bytes in quotes.
pub(super) fn quoted(bytes: &[u8], escape: Escape) -> String {
    let mut text = String::from("\"");
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escape == Escape::All => text.push_str(&format!("\\x{byte:02x}")),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\r' => text.push_str("\\r"),
            0x0b => text.push_str("\\v"),
            0x0c => text.push_str("\\f"),
            b' '..=b'~' => text.push(char::from(*byte)),
            // A digit behind it would be read as part of it.
            _ if bytes.get(index + 1).is_some_and(u8::is_ascii_digit) => {
                text.push_str(&format!("\\{byte:03o}"));
            }
            _ => text.push_str(&format!("\\{byte:o}")),
        }
    }
    text.push('"');
    text
}

/// The first bytes of what has `len` in all.
fn beginning(bytes: &[u8], len: u64, escape: Escape) -> String {
    let dots = if len > bytes.len() as u64 { "..." } else { "" };
    quoted(bytes, escape) + dots
}

/// The beginning of a buffer of `len` bytes.
pub(super) fn buffer(bytes: &[u8], len: u64, escape: Escape) -> String {
    beginning(bytes.get(..SHOWN).unwrap_or(bytes), len, escape)
}

/// A text that ends with a NUL, unless it was cut off; at most `limit` bytes of it.
pub(super) fn terminated(bytes: &[u8], limit: usize) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    let text = &bytes[..end.unwrap_or(bytes.len())];
    let len = end.map_or(u64::MAX, |end| end as u64);
    let shown = text.get(..limit).unwrap_or(text);
    beginning(shown, len, Escape::Unprintable)
}

/// An address.
pub(super) fn address(value: u64) -> String {
    match value {
        0 => "NULL".to_owned(),
        _ => format!("{value:#x}"),
    }
}

/// A number in the system of addresses.
pub(super) fn hex(value: u64) -> String {
    match value {
        0 => "0".to_owned(),
        _ => format!("{value:#x}"),
    }
}

/// Permission bits: three digits at least.
pub(super) fn octal(value: u64) -> String {
    format!("0{value:02o}")
}

/// The register as the C type of `bytes` bytes.
pub(super) fn signed(value: u64, bytes: usize) -> i64 {
    let unused = 64 - 8 * u32::try_from(bytes.clamp(1, 8)).unwrap_or(8);
    (value << unused).cast_signed() >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_strace() {
        let check = |bytes: &[u8], expected: &str| {
            assert_eq!(quoted(bytes, Escape::Unprintable), expected);
        };
        check(b"hello\n\t\x01 world", r#""hello\n\t\1 world""#);
        check(b"\x017\"\\\xff", r#""\0017\"\\\377""#);
        assert_eq!(quoted(b"\x01", Escape::All), r#""\x01""#);
    }

    #[test]
    fn long_buffers_are_shortened() {
        assert_eq!(buffer(b"abc", 3, Escape::Unprintable), "\"abc\"");
        assert_eq!(buffer(b"abc", 4, Escape::Unprintable), "\"abc\"...");
        let long = buffer(&[b'x'; 33], 33, Escape::Unprintable);
        assert_eq!(long, format!("\"{}\"...", "x".repeat(32)));
        assert_eq!(terminated(b"ab\0cd", 32), "\"ab\"");
        assert_eq!(terminated(b"ab", 32), "\"ab\"...");
        assert_eq!(terminated(b"abcd\0", 2), "\"ab\"...");
    }

    #[test]
    fn registers_are_cut_to_their_type() {
        assert_eq!(signed(0xffff_ffff, 4), -1);
        assert_eq!(signed(0x1_0000_0003, 4), 3);
        assert_eq!(signed(u64::MAX, 8), -1);
        assert_eq!(octal(0o644), "0644");
        assert_eq!(octal(0), "000");
    }
}
