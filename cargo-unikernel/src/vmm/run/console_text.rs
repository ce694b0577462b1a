//! What a kernel with nothing but a console writes there: its own lines first, then all that the program writes.
//!
//! The console's driver puts a carriage return before each line feed, as terminals want it; it is taken out again, once.

/// Bytes that are kept of the kernel's own lines: more than the longest, which is that with the command.
const KEPT: usize = 64 * 1024;
/// Bytes of them that are shown.
const SHOWN: usize = 4096;

/// The reader of a console.
#[derive(Debug)]
pub(super) struct ConsoleText {
    starts_behind: &'static str,
    /// The kernel's own lines; after the start of the program, nothing is added.
    kernels: Vec<u8>,
    is_programs: bool,
    /// A carriage return that may belong to a line feed.
    held: bool,
}

impl ConsoleText {
    /// A console on which the program starts behind the line that begins with `starts_behind`.
    pub(super) fn new(starts_behind: &'static str) -> Self {
        Self {
            starts_behind,
            kernels: Vec::new(),
            is_programs: false,
            held: false,
        }
    }

    /// The program's bytes in what was written next.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + 1);
        for byte in bytes {
            if std::mem::take(&mut self.held) && *byte != b'\n' {
                text.push(b'\r');
            }
            match byte {
                b'\r' => self.held = true,
                byte => text.push(*byte),
            }
        }
        if self.is_programs {
            return text;
        }
        let from = self.kernels.len();
        self.kernels.extend(text);
        let Some(end) = self.end_of_kernels(from) else {
            let too_many = self.kernels.len().saturating_sub(KEPT);
            self.kernels.drain(..too_many);
            return Vec::new();
        };
        self.is_programs = true;
        self.kernels.split_off(end)
    }

    /// What is still held when nothing more comes.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let is_held = std::mem::take(&mut self.held) && self.is_programs;
        if is_held { vec![b'\r'] } else { Vec::new() }
    }

    /// The kernel's last lines, when the program never started.
    pub(super) fn kernels(&self) -> &[u8] {
        let from = self.kernels.len().saturating_sub(SHOWN);
        match self.is_programs {
            true => &[],
            false => self.kernels.get(from..).unwrap_or_default(),
        }
    }

    /// The end of the kernel's last line, if it is there; what lies before `from` was looked at.
    fn end_of_kernels(&self, from: usize) -> Option<usize> {
        let is_end = |at: usize| self.kernels.get(at) == Some(&b'\n');
        let ends = (from..self.kernels.len()).filter(|at| is_end(*at));
        let mut ends = ends.filter(|at| {
            let line = self.kernels.get(..*at).unwrap_or_default();
            let line = line.rsplit(|byte| *byte == b'\n').next();
            line.is_some_and(|line| line.starts_with(self.starts_behind.as_bytes()))
        });
        ends.next().map(|at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_split_gives_the_programs_bytes() {
        let all = b"OSv v1\r\nCmdline: /a\r\nout\r\n\rx\r\r\n\r";
        for at in 0..=all.len() {
            let mut text = ConsoleText::new("Cmdline: ");
            let mut found = text.push(&all[..at]);
            found.extend(text.push(&all[at..]));
            found.extend(text.rest());
            assert_eq!(found, b"out\n\rx\r\n\r", "split at {at}");
            assert_eq!(text.kernels(), b"");
        }
    }

    #[test]
    fn kernel_that_never_starts_the_program_has_all_that_was_written() {
        let mut text = ConsoleText::new("Cmdline: ");
        assert_eq!(text.push(b"OSv v1\r\nNo Cmdline: here\r\n"), b"");
        assert_eq!(text.kernels(), b"OSv v1\nNo Cmdline: here\n");
        text.push(&[b'x'; 2 * KEPT]);
        assert_eq!(text.kernels().len(), SHOWN);
    }

    #[test]
    fn program_starts_behind_the_longest_command() {
        let mut text = ConsoleText::new("Cmdline: ");
        for piece in [&b"Cmdline: /a "[..], &[b'x'; 32 * 1024], b"\r\nou"] {
            text.push(piece);
        }
        assert_eq!(text.push(b"t\r\n"), b"t\n");
    }
}
