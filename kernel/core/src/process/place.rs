//! Where in the program something happened, as the host's symbol tables know it.

use alloc::rc::Rc;
use alloc::vec::Vec;

use unikernel_abi::report::Place;

use crate::fs::node::Node;
use crate::kernel::Kernel;
use crate::memory::PAGE;

/// A place in a file, or an address that lies in none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModulePlace {
    module: Vec<u8>,
    offset: u64,
}

impl ModulePlace {
    /// As reports have it.
    pub(crate) fn as_place(&self) -> Place<'_> {
        Place {
            module: &self.module,
            offset: self.offset,
        }
    }
}

/// The place of an address.
pub(crate) fn place(kernel: &Kernel, address: u64) -> ModulePlace {
    let unknown = ModulePlace {
        module: Vec::new(),
        offset: address,
    };
    let Some(node) = module_at(kernel, address) else {
        return unknown;
    };
    ModulePlace {
        module: kernel.path_of(&node),
        offset: address.saturating_sub(load_address(kernel, &node, address)),
    }
}

/// The place of the system call instruction that the thread is in.
pub(crate) fn place_of_syscall(kernel: &Kernel) -> ModulePlace {
    // `SYSCALL` is two bytes long, and the saved address is that of the next instruction.
    place(kernel, kernel.thread.context.rip.saturating_sub(2))
}

fn module_at(kernel: &Kernel, address: u64) -> Option<Rc<Node>> {
    let (_, area) = kernel.memory.area_at(address)?;
    Some(area.file()?.node.clone())
}

/// The address where the first byte of the file was loaded: the nearest mapping of its start below.
pub(super) fn load_address(kernel: &Kernel, node: &Rc<Node>, address: u64) -> u64 {
    let starts = kernel.memory.areas().filter(|(pages, area)| {
        pages.start <= address / PAGE
            && area
                .file()
                .is_some_and(|file| file.first == 0 && Rc::ptr_eq(&file.node, node))
    });
    starts.last().map_or(0, |(pages, _)| pages.address())
}
