//! `/proc/self/maps`: the areas as text (proc_pid_maps(5)).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use unikernel_machine::space::Protection;

use crate::kernel::Kernel;
use crate::memory::area::{Area, Role};
use crate::memory::{PAGE, Pages};

impl Kernel {
    /// One line an area.
    pub(crate) fn maps(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (pages, area) in self.memory.areas() {
            text.extend_from_slice(&self.area_line(pages, area));
        }
        text
    }

    /// The line of an area.
    pub(crate) fn area_line(&self, pages: Pages, area: &Area) -> Vec<u8> {
        let file = area.file();
        let (offset, number) = file.map_or((0, 0), |file| {
            (file.first.saturating_mul(PAGE), file.node.number)
        });
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = write!(
            line,
            "{:08x}-{:08x} {} {offset:08x} 00:{:02x} {number}",
            pages.address(),
            pages.end.saturating_mul(PAGE),
            permissions(area),
            u8::from(file.is_some()),
        );
        let name = self.area_name(pages.address(), area);
        if !name.is_empty() {
            // Names stand in column 74.
            while line.len() < 73 {
                line.push(' ');
            }
        }
        let mut line = line.into_bytes();
        line.extend_from_slice(&name);
        line.push(b'\n');
        line
    }

    fn area_name(&self, start: u64, area: &Area) -> Vec<u8> {
        if start == self.vdso {
            return b"[vdso]".to_vec();
        }
        if start == self.vdso.saturating_sub(PAGE) {
            return b"[vvar]".to_vec();
        }
        match (area.file(), area.role) {
            (Some(file), _) => self.path_of(&file.node),
            (None, Role::Heap) => b"[heap]".to_vec(),
            (None, Role::Stack) => b"[stack]".to_vec(),
            (None, Role::Mapped | Role::GrowsDown) => Vec::new(),
        }
    }
}

fn permissions(area: &Area) -> String {
    let flag = |protection, letter| {
        if area.protection.contains(protection) {
            letter
        } else {
            '-'
        }
    };
    [
        flag(Protection::READ, 'r'),
        flag(Protection::WRITE, 'w'),
        flag(Protection::EXECUTE, 'x'),
        if area.is_shared() { 's' } else { 'p' },
    ]
    .iter()
    .collect()
}
