//! Tells the host where a program was when a signal ended it: registers, the beginning of its stack, what is mapped for code.
//!
//! The host has the files with their unwind tables, and finds the callers; here nothing is interpreted.

use alloc::vec::Vec;

use unikernel_abi::report::{Place, Places, REGISTERS, Report};
use unikernel_machine::address::{PAGE_SIZE, UserAddr};
use unikernel_machine::space::Protection;

use super::place;
use crate::kernel::Kernel;
use crate::memory::PAGE;
use crate::report;

/// Most bytes of the stack that are told: some dozens of frames.
const MAX_STACK: u64 = 16 * 1024;

/// Most files with code that are told.
const MAX_MODULES: usize = 64;

impl Kernel {
    /// Reports where the thread is that a signal ends; once.
    pub(crate) fn report_last_stack(&mut self) {
        if !core::mem::replace(&mut self.thread.is_stack_told, true) {
            self.report_stack();
        }
    }

    /// Reports where the thread is. The next report is about that.
    pub(crate) fn report_stack(&mut self) {
        let (at, bytes) = self.stack_bytes();
        let registers = self.registers();
        let mut modules = report::Frame::default();
        for (path, start) in self.modules() {
            let place = Place {
                module: &path,
                offset: start,
            };
            Places::put(&mut modules, place);
        }
        self.report(&Report::Stack {
            registers: registers.as_flattened(),
            at,
            bytes: &bytes,
            modules: Places(modules.bytes()),
        });
    }

    /// What lies from the stack pointer on. After an overflow the stack pointer itself is below what is mapped.
    fn stack_bytes(&mut self) -> (u64, Vec<u8>) {
        let pointer = self.thread.context.rsp;
        let next_page = pointer.saturating_sub(pointer % PAGE).saturating_add(PAGE);
        for start in [pointer, next_page] {
            let mut bytes = Vec::new();
            while (bytes.len() as u64) < MAX_STACK {
                let at = start.saturating_add(bytes.len() as u64);
                let len = PAGE.saturating_sub(at % PAGE);
                let mut page = [0; PAGE_SIZE];
                let Some(part) = usize::try_from(len)
                    .ok()
                    .and_then(|len| page.get_mut(..len))
                else {
                    break;
                };
                if self.memory.area_at(at).is_none()
                    || self.memory.read(UserAddr(at), part).is_err()
                {
                    break;
                }
                bytes.extend_from_slice(part);
            }
            if !bytes.is_empty() {
                return (start, bytes);
            }
        }
        (pointer, Vec::new())
    }

    /// In the order that unwind tables number them (x86-64 psABI, figure 3.36).
    fn registers(&mut self) -> [[u8; 8]; REGISTERS] {
        let instruction = self.instruction();
        let c = &self.thread.context;
        [
            c.rax,
            c.rdx,
            c.rcx,
            c.rbx,
            c.rsi,
            c.rdi,
            c.rbp,
            c.rsp,
            c.r8,
            c.r9,
            c.r10,
            c.r11,
            c.r12,
            c.r13,
            c.r14,
            c.r15,
            instruction,
        ]
        .map(u64::to_le_bytes)
    }

    /// Files that code is mapped from, and where they start.
    fn modules(&self) -> Vec<(Vec<u8>, u64)> {
        let mut modules = Vec::new();
        for (pages, area) in self.memory.areas() {
            let Some(file) = area
                .file()
                .filter(|_| area.protection.contains(Protection::EXECUTE))
            else {
                continue;
            };
            let start = place::load_address(self, &file.node, pages.address());
            let module = (self.path_of(&file.node), start);
            if !modules.contains(&module) && modules.len() < MAX_MODULES {
                modules.push(module);
            }
        }
        modules
    }
}
