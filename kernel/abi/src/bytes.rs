//! Little-endian fields in byte slices, without panics.

/// The bytes `at..at + len`, or `None` when the slice is shorter.
#[must_use]
pub fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// The 16-bit field at byte offset `at`.
#[must_use]
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(slice(bytes, at, 2)?.try_into().ok()?))
}

/// The 32-bit field at byte offset `at`.
#[must_use]
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(slice(bytes, at, 4)?.try_into().ok()?))
}

/// The 64-bit field at byte offset `at`.
#[must_use]
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(slice(bytes, at, 8)?.try_into().ok()?))
}

/// The `LEN` bytes at byte offset `AT` of a record of fixed length; that they lie in it shows when this is compiled.
#[must_use]
pub const fn field<const AT: usize, const LEN: usize, const N: usize>(
    record: &[u8; N],
) -> [u8; LEN] {
    const { assert!(AT + LEN <= N) };
    let mut bytes = [0; LEN];
    bytes.copy_from_slice(record.split_at(AT).1.split_at(LEN).0);
    bytes
}

/// The 16-bit field at byte offset `AT` of a record.
#[must_use]
pub const fn u16_of<const AT: usize, const N: usize>(record: &[u8; N]) -> u16 {
    u16::from_le_bytes(field::<AT, _, N>(record))
}

/// The 32-bit field at byte offset `AT` of a record.
#[must_use]
pub const fn u32_of<const AT: usize, const N: usize>(record: &[u8; N]) -> u32 {
    u32::from_le_bytes(field::<AT, _, N>(record))
}

/// The 64-bit field at byte offset `AT` of a record.
#[must_use]
pub const fn u64_of<const AT: usize, const N: usize>(record: &[u8; N]) -> u64 {
    u64::from_le_bytes(field::<AT, _, N>(record))
}

/// Where encoded bytes go: a growing vector on the host, a fixed buffer in the kernel.
pub trait Sink {
    /// Appends `bytes`. A sink that is full forgets the rest and tells so in its own way.
    fn put(&mut self, bytes: &[u8]);
}

/// A sink over a fixed buffer; what does not fit is counted and dropped.
#[derive(Debug)]
pub struct FixedSink<'a> {
    buffer: &'a mut [u8],
    len: usize,
    dropped: usize,
}

impl<'a> FixedSink<'a> {
    /// An empty sink over `buffer`.
    #[must_use]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            len: 0,
            dropped: 0,
        }
    }

    /// The bytes put so far, or `None` when some did not fit.
    #[must_use]
    pub fn finish(self) -> Option<&'a [u8]> {
        if self.dropped > 0 {
            return None;
        }
        self.buffer.get(..self.len)
    }
}

impl Sink for FixedSink<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        match self.buffer.get_mut(self.len..end) {
            Some(target) => {
                target.copy_from_slice(bytes);
                self.len = end;
            }
            None => self.dropped = self.dropped.saturating_add(bytes.len()),
        }
    }
}

/// Counts bytes without keeping them.
#[derive(Debug, Default)]
pub struct CountingSink(
    /// How many bytes were put.
    pub usize,
);

impl Sink for CountingSink {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_beyond_the_end_are_none() {
        assert_eq!(u32_at(&[1, 0, 0, 0], 0), Some(1));
        assert_eq!(u32_at(&[1, 0, 0, 0], 1), None);
        assert_eq!(u64_at(&[], usize::MAX), None);
    }

    #[test]
    fn fields_of_a_record() {
        let record = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(field::<7, 2, _>(&record), [8, 9]);
        assert_eq!(u16_of::<0, _>(&record), 0x0201);
        assert_eq!(u32_of::<5, _>(&record), 0x0908_0706);
        assert_eq!(u64_of::<1, _>(&record), 0x0908_0706_0504_0302);
    }

    #[test]
    fn full_sink_gives_nothing() {
        let mut buffer = [0; 3];
        let mut sink = FixedSink::new(&mut buffer);
        sink.put(&[1, 2]);
        sink.put(&[3, 4]);
        assert_eq!(sink.finish(), None);
    }
}
