//! The program of the self-test: what a processor must be able to do for any other one.
//!
//! It runs in ring 3, makes system calls, gets random bytes, and sleeps until the timer's interrupt. Its status is 0 if all of
//! that went well.

use std::sync::Arc;

/// Its instructions.
const CODE: [u8; 65] = [
    0x48, 0x83, 0xec, 0x20, // sub rsp, 32
    0x48, 0x89, 0xe7, // mov rdi, rsp
    0xbe, 8, 0, 0, 0, // mov esi, 8
    0x31, 0xd2, // xor edx, edx
    0xb8, 0x3e, 1, 0, 0, // mov eax, 318: getrandom
    0x0f, 0x05, // syscall
    0x83, 0xf8, 8, // cmp eax, 8
    0x75, 32, // jne failed
    0x68, 0x40, 0x42, 0x0f, 0, // push 1000000
    0x6a, 0, // push 0: a millisecond
    0x48, 0x89, 0xe7, // mov rdi, rsp
    0x31, 0xf6, // xor esi, esi
    0xb8, 35, 0, 0, 0, // mov eax, 35: nanosleep
    0x0f, 0x05, // syscall
    0x85, 0xc0, // test eax, eax
    0x75, 9, // jne failed
    0x31, 0xff, // xor edi, edi
    // exit:
    0xb8, 231, 0, 0, 0, // mov eax, 231: exit_group
    0x0f, 0x05, // syscall
    // failed:
    0xbf, 1, 0, 0, 0, // mov edi, 1
    0xeb, 0xf2, // jmp exit
];

/// A position-independent ELF without an interpreter: one segment that holds its headers and [`CODE`].
pub(super) fn elf() -> Arc<[u8]> {
    const HEADERS: u64 = 64 + 56;
    let len = HEADERS + CODE.len() as u64;
    let mut file = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    file.extend([3, 0, 62, 0, 1, 0, 0, 0]); // ET_DYN, x86-64
    for field in [HEADERS, 64, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]); // PT_LOAD, read and execute
    for field in [0, 0, 0, len, len, 4096] {
        file.extend(field.to_le_bytes());
    }
    file.extend(CODE);
    file.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs;
    use crate::tool::Invocation;

    #[test]
    fn it_passes_on_linux() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("self-test");
        fs::write_bytes(&path, &elf()).unwrap();
        fs::make_program(&path).unwrap();
        let captured = Invocation::new(&path).run_captured(None).unwrap();
        assert_eq!(captured.status.code(), Some(0));
    }
}
