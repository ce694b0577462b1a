//! System calls through the table, on simulated memory.

mod chance;
mod descriptors;
mod files;
mod fuzz;
mod memory;
mod model;
mod names;
mod process;
mod space;
mod streams;
mod timers;
mod trace;
mod tree;
mod views;

use std::string::String;

use linux_raw_sys::general as linux;

use crate::errno::{Errno, SysResult};
use crate::testing::Process;

impl Process {
    /// Makes a system call as the program does: by its registers.
    fn by_registers(&mut self, number: u64, args: [u64; 6]) {
        let context = &mut self.kernel.thread.context;
        context.rax = number;
        [
            context.rdi,
            context.rsi,
            context.rdx,
            context.r10,
            context.r8,
            context.r9,
        ] = args;
        super::handle(&mut self.kernel);
    }

    fn open(&mut self, path: &str, flags: u32) -> SysResult {
        let path = self.text(path);
        self.call(linux::__NR_open, &[path, u64::from(flags), 0o644])
    }

    fn with_path(&mut self, number: u32, path: &str, rest: &[u64]) -> SysResult {
        let mut args = std::vec![self.text(path)];
        args.extend_from_slice(rest);
        self.call(number, &args)
    }

    fn write_fd(&mut self, fd: usize, bytes: &[u8]) -> SysResult {
        let from = self.put(bytes);
        self.call(linux::__NR_write, &[fd as u64, from, bytes.len() as u64])
    }

    fn read_fd(&mut self, fd: usize, len: usize) -> Result<String, Errno> {
        let to = self.room(len);
        let count = self.call(linux::__NR_read, &[fd as u64, to, len as u64])?;
        Ok(String::from_utf8_lossy(&self.bytes(to, count)).into_owned())
    }

    /// Writes a new file.
    fn make(&mut self, path: &str, text: &str) {
        let fd = self
            .open(path, linux::O_CREAT | linux::O_WRONLY | linux::O_TRUNC)
            .unwrap();
        assert_eq!(self.write_fd(fd, text.as_bytes()), Ok(text.len()));
        self.call(linux::__NR_close, &[fd as u64]).unwrap();
    }

    /// Reads a whole small file.
    fn cat(&mut self, path: &str) -> Result<String, Errno> {
        let fd = self.open(path, linux::O_RDONLY)?;
        let text = self.read_fd(fd, 10_000);
        self.call(linux::__NR_close, &[fd as u64]).unwrap();
        text
    }

    /// The names in a directory, as `getdents64` gives them.
    fn list(&mut self, path: &str) -> std::vec::Vec<String> {
        let fd = self.open(path, linux::O_DIRECTORY).unwrap();
        let to = self.room(120);
        let mut names = std::vec::Vec::new();
        loop {
            let len = self
                .call(linux::__NR_getdents64, &[fd as u64, to, 120])
                .unwrap();
            if len == 0 {
                break;
            }
            let bytes = self.bytes(to, len);
            let mut at = 0;
            while at < len {
                let next = usize::from(u16::from_le_bytes([bytes[at + 16], bytes[at + 17]]));
                let name = bytes[at + 19..at + next]
                    .split(|byte| *byte == 0)
                    .next()
                    .unwrap();
                names.push(String::from_utf8_lossy(name).into_owned());
                at += next;
            }
        }
        self.call(linux::__NR_close, &[fd as u64]).unwrap();
        names
    }

    /// Mode and length of what a path names.
    fn stat(&mut self, path: &str) -> Result<(u32, u64), Errno> {
        let to = self.room(144);
        self.with_path(linux::__NR_lstat, path, &[to])?;
        let bytes = self.bytes(to, 144);
        let number = |at| unikernel_abi::bytes::u64_at(&bytes, at).unwrap();
        Ok((
            unikernel_abi::bytes::u32_at(&bytes, 24).unwrap(),
            number(48),
        ))
    }
}
