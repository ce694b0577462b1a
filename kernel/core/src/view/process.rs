//! The process: its arguments, files and memory (proc_pid(5)).

use alloc::format;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use unikernel_machine::address::UserAddr;

use super::{Text, bytes};
use crate::errno::Errno;
use crate::fs::node::{Kind, Node};
use crate::kernel::Kernel;
use crate::memory::budget;

pub(super) fn auxv(kernel: &mut Kernel) -> Text {
    let range = kernel.shown.places.vector.clone();
    from_memory(kernel, range)
}

pub(super) fn cmdline(kernel: &mut Kernel) -> Text {
    let range = kernel.shown.places.args.clone();
    from_memory(kernel, range)
}

pub(super) fn environ(kernel: &mut Kernel) -> Text {
    let range = kernel.shown.places.env.clone();
    from_memory(kernel, range)
}

/// What the program has there now: it may have changed it.
fn from_memory(kernel: &mut Kernel, range: Range<u64>) -> Text {
    let len = usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| Errno::ENOMEM)?;
    budget::allow_bytes(len)?;
    let mut found = vec![0; len];
    // Where it took the memory away there is nothing to show.
    match kernel.memory.read(UserAddr(range.start), &mut found) {
        Ok(()) => Ok(found),
        Err(_) => Ok(Vec::new()),
    }
}

pub(super) fn comm(kernel: &mut Kernel) -> Text {
    let mut name = thread_name(kernel);
    name.push(b'\n');
    Ok(name)
}

/// What goes into a core dump (core(5)): nothing, as there are none.
pub(super) fn dumped(_kernel: &mut Kernel) -> Text {
    Ok(b"00000000\n".to_vec())
}

/// The thread's name.
pub(super) fn thread_name(kernel: &Kernel) -> Vec<u8> {
    let name = kernel.thread.name.split(|byte| *byte == 0).next();
    name.unwrap_or(&[]).to_vec()
}

pub(super) fn maps(kernel: &mut Kernel) -> Text {
    /// A line with a path of usual length.
    const LINE: usize = 256;
    let count = kernel.memory.areas().count();
    budget::allow_bytes(count.saturating_mul(LINE))?;
    Ok(kernel.maps())
}

pub(super) fn program(kernel: &Kernel) -> &Rc<Node> {
    &kernel.program
}

pub(super) fn root(kernel: &Kernel) -> &Rc<Node> {
    &kernel.root
}

pub(super) fn working_directory(kernel: &Kernel) -> &Rc<Node> {
    &kernel.working_directory
}

/// What a link to a node reads as.
pub(super) fn name_of(kernel: &Kernel, node: &Rc<Node>) -> Vec<u8> {
    match node.kind {
        Kind::Stream(stream) if kernel.streams.borrow().is_terminal(stream) => {
            b"/dev/console".to_vec()
        }
        Kind::Stream(_) => format!("pipe:[{}]", node.number).into_bytes(),
        _ => kernel.path_of(node),
    }
}

pub(super) fn descriptor_facts(kernel: &Kernel, number: usize) -> Text {
    let descriptor = kernel.descriptors.get(number).map_err(|_| Errno::ENOENT)?;
    let file = &descriptor.file;
    let cloexec = match descriptor.on_exec {
        crate::fs::descriptors::OnExec::Keep => 0,
        crate::fs::descriptors::OnExec::Close => linux_raw_sys::general::O_CLOEXEC,
    };
    let node = file.node();
    bytes(format!(
        "pos:\t{}\nflags:\t0{:o}\nmnt_id:\t{}\nino:\t{}\n",
        file.position.get(),
        file.flags.get() | cloexec,
        node.mount.id(),
        node.number,
    ))
}
