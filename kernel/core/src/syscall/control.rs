//! Device control: ioctl(2), for terminals ioctl_tty(2).

use linux_raw_sys::{general as linux, ioctl as request};
use unikernel_machine::address::UserAddr;

use super::arg::Fd;
use crate::driver::streams::Stream;
use crate::errno::{Errno, SysResult};
use crate::fs::descriptors::OnExec;
use crate::fs::device::Device;
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;

/// `struct termios` of the kernel's: four sets of flags, the line discipline, 19 characters.
const TERMIOS: usize = 36;

pub(super) fn ioctl(kernel: &mut Kernel, fd: Fd, command: u32, arg: UserAddr) -> SysResult {
    let file = kernel.open_file(fd)?;
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    match command {
        request::FIOCLEX | request::FIONCLEX => {
            let on_exec = if command == request::FIOCLEX {
                OnExec::Close
            } else {
                OnExec::Keep
            };
            kernel.descriptors.get_mut(fd.0)?.on_exec = on_exec;
            Ok(0)
        }
        request::FIONBIO => {
            let on = kernel.memory.read_u32(arg)? != 0;
            let flag = if on { linux::O_NONBLOCK } else { 0 };
            file.flags.set(file.flags.get() & !linux::O_NONBLOCK | flag);
            Ok(0)
        }
        request::FIONREAD => {
            let count = readable_bytes(kernel, &file)?;
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            kernel.memory.write(arg, &count.to_le_bytes())?;
            Ok(0)
        }
        request::TCGETS => {
            check_terminal(kernel, &file)?;
            kernel.memory.write(arg, &termios())?;
            Ok(0)
        }
        // The host does not tell its size; 0 by 0 is what a line without a known size has.
        request::TIOCGWINSZ => {
            check_terminal(kernel, &file)?;
            kernel.memory.write(arg, &[0; 8])?;
            Ok(0)
        }
        // The terminal is the host's, and out of reach.
        request::TCSETS | request::TCSETSW | request::TCSETSF => {
            check_terminal(kernel, &file)?;
            Err(Errno::EIO)
        }
        _ => Err(Errno::ENOTTY),
    }
}

fn check_terminal(kernel: &Kernel, file: &OpenFile) -> Result<(), Errno> {
    match file.target {
        Target::Stream(stream, _) if kernel.streams.borrow().is_terminal(stream) => Ok(()),
        Target::Device(Device::Terminal, _) => Ok(()),
        _ => Err(Errno::ENOTTY),
    }
}

fn readable_bytes(kernel: &Kernel, file: &OpenFile) -> Result<u64, Errno> {
    match &file.target {
        Target::Stream(Stream::Stdin, _) | Target::Device(Device::Terminal, _) => {
            Ok(kernel.streams.borrow_mut().waiting() as u64)
        }
        Target::Node(node) if !node.is_directory() => {
            Ok(node.size().saturating_sub(file.position.get()))
        }
        _ => Err(Errno::ENOTTY),
    }
}

/// A terminal as it is after login: line by line, with echo, 38400 baud.
fn termios() -> [u8; TERMIOS] {
    let flags: [u32; 4] = [
        linux::ICRNL | linux::IXON,
        linux::OPOST | linux::ONLCR,
        linux::B38400 | linux::CS8 | linux::CREAD,
        linux::ISIG
            | linux::ICANON
            | linux::ECHO
            | linux::ECHOE
            | linux::ECHOK
            | linux::ECHOCTL
            | linux::ECHOKE
            | linux::IEXTEN,
    ];
    let characters = [
        3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0,
    ];
    let mut bytes = [0; TERMIOS];
    let source = flags
        .iter()
        .flat_map(|flag| flag.to_le_bytes())
        .chain([0])
        .chain(characters);
    for (to, from) in bytes.iter_mut().zip(source) {
        *to = from;
    }
    bytes
}
