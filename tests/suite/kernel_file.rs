//! The gates of the kernel file: what its code and its segments must not be.

use goblin::elf::Elf;
use goblin::elf::program_header::{PF_W, PF_X, PT_LOAD, PT_NOTE};
use goblin::elf::section_header::SHF_EXECINSTR;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Register};

use tests::{image, kernel_file};

/// The largest kernel file that an image may have to carry.
const LARGEST: usize = 512 * 1024;

/// Calls `check` with each instruction of the kernel's 64-bit code.
fn for_each_instruction(mut check: impl FnMut(&Instruction)) {
    let bytes = kernel_file::read();
    let elf = Elf::parse(&bytes).expect("the kernel file is an ELF");
    let mut count = 0;
    for header in &elf.section_headers {
        if header.sh_flags & u64::from(SHF_EXECINSTR) == 0 {
            continue;
        }
        let code = &bytes[header.file_range().expect("code has bytes")];
        let skipped = if elf.entry == header.sh_addr {
            narrow_entry(code)
        } else {
            0
        };
        let start = header.sh_addr + skipped as u64;
        let mut decoder = Decoder::with_ip(64, &code[skipped..], start, DecoderOptions::NONE);
        for instruction in &mut decoder {
            count += 1;
            check(&instruction);
        }
    }
    assert!(count > 1000, "only {count} instructions were found");
}

/// The length of the 32-bit code that the kernel is entered by: up to the far jump into long mode.
fn narrow_entry(code: &[u8]) -> usize {
    let mut decoder = Decoder::with_ip(32, code, 0, DecoderOptions::NONE);
    let jump = decoder
        .iter()
        .take(200)
        .find(|instruction| instruction.code() == Code::Jmp_ptr1632);
    let end = jump.expect("a far jump near the entry").next_ip();
    usize::try_from(end).expect("a short entry")
}

/// A trap may come at any instruction; what lies below the stack pointer is then gone.
fn is_below_stack(instruction: &Instruction) -> bool {
    instruction.memory_base() == Register::RSP
        && instruction.memory_index() == Register::None
        && instruction.memory_displacement64().cast_signed() < 0
        && instruction.mnemonic() != iced_x86::Mnemonic::Lea
}

/// The program's thread-local storage is in FS; the kernel has none.
fn is_by_fs(instruction: &Instruction) -> bool {
    instruction.segment_prefix() == Register::FS
}

/// Only xmm0-15 are saved on the way in; the rest stays the program's.
fn is_unsaved(instruction: &Instruction) -> bool {
    let unsaved = |register: Register| {
        let wide = register.is_ymm() || register.is_zmm() || register.is_k();
        wide || register.is_st() || register.is_mm()
    };
    let mut factory = InstructionInfoFactory::new();
    let used = factory.info(instruction).used_registers();
    used.iter().any(|used| unsaved(used.register()))
}

fn offenders(is_wrong: fn(&Instruction) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for_each_instruction(|instruction| {
        if is_wrong(instruction) {
            found.push(format!("{:#x}: {:?}", instruction.ip(), instruction.code()));
        }
    });
    found
}

#[test]
fn no_access_below_the_stack_pointer() {
    assert_eq!(offenders(is_below_stack), [""; 0]);
}

#[test]
fn no_access_by_the_programs_segment() {
    assert_eq!(offenders(is_by_fs), [""; 0]);
}

#[test]
fn no_register_that_is_not_saved() {
    assert_eq!(offenders(is_unsaved), [""; 0]);
}

#[test]
fn gates_know_what_they_look_for() {
    let check = |is_wrong: fn(&Instruction) -> bool, code: &[u8], expected: bool| {
        let instruction = Decoder::with_ip(64, code, 0, DecoderOptions::NONE).decode();
        assert_eq!(is_wrong(&instruction), expected, "{:?}", instruction.code());
    };
    check(is_below_stack, &[0x48, 0x89, 0x44, 0x24, 0xf8], true); // mov [rsp-8], rax
    check(is_below_stack, &[0x48, 0x89, 0x44, 0x24, 0x08], false); // mov [rsp+8], rax
    check(is_by_fs, &[0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0], true); // mov rax, fs:[0]
    check(is_by_fs, &[0x65, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0], false); // mov rax, gs:[0]
    check(is_unsaved, &[0xc5, 0xfc, 0x58, 0xc0], true); // vaddps ymm0, ymm0, ymm0
    check(is_unsaved, &[0xd8, 0xc1], true); // fadd st0, st1
    check(is_unsaved, &[0x0f, 0x58, 0xc1], false); // addps xmm0, xmm1
}

#[test]
fn no_segment_is_writable_and_executable() {
    let bytes = kernel_file::read();
    let elf = Elf::parse(&bytes).expect("the kernel file is an ELF");
    let loaded = elf
        .program_headers
        .iter()
        .filter(|segment| segment.p_type == PT_LOAD);
    let mut executable = 0;
    for segment in loaded {
        assert_ne!(segment.p_flags & (PF_W | PF_X), PF_W | PF_X, "{segment:?}");
        executable += u32::from(segment.p_flags & PF_X != 0);
    }
    assert_eq!(executable, 1, "code is in one segment");
}

#[test]
fn pvh_note_names_an_entry_in_the_code() {
    let bytes = kernel_file::read();
    let elf = Elf::parse(&bytes).expect("the kernel file is an ELF");
    let has_note = elf
        .program_headers
        .iter()
        .any(|segment| segment.p_type == PT_NOTE);
    assert!(has_note, "loaders look for a note segment");
    let notes = elf.iter_note_headers(&bytes).expect("a note segment");
    let entry = notes
        .filter_map(Result::ok)
        .find(|note| note.name.trim_end_matches('\0') == "Xen" && note.n_type == 18)
        .expect("XEN_ELFNOTE_PHYS32_ENTRY");
    let mut address = [0; 8];
    address[..entry.desc.len()].copy_from_slice(entry.desc);
    let address = u64::from_le_bytes(address);
    let in_code = elf.program_headers.iter().any(|segment| {
        segment.p_type == PT_LOAD
            && segment.p_flags & PF_X != 0
            && (segment.p_paddr..segment.p_paddr + segment.p_memsz).contains(&address)
    });
    assert!(in_code, "{address:#x}");
}

#[test]
fn it_is_at_most_512_kb() {
    let size = kernel_file::read().len();
    assert!(size <= LARGEST, "{size} bytes");
}

#[test]
fn its_boot_block_is_the_one_of_an_image_without_pieces() {
    let block = image::boot_block(&kernel_file::read());
    assert_eq!(block, unikernel_abi::boot::BootBlock::default());
}

#[test]
fn its_support_statement_is_sorted_and_well_formed() {
    let bytes = kernel_file::read();
    let text = image::section(&bytes, unikernel_abi::support::SECTION);
    let text = std::str::from_utf8(text)
        .expect("text")
        .trim_end_matches('\0');
    let numbers: Vec<u32> = unikernel_abi::support::parse(text)
        .unwrap_or_else(|line| panic!("line {line} of the statement"))
        .map(|entry| entry.number)
        .collect();
    assert!(numbers.len() > 20, "{} system calls", numbers.len());
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn no_path_of_the_builder_is_in_it() {
    let bytes = kernel_file::read();
    let root = tests::workspace::root().as_os_str().as_encoded_bytes();
    let found = bytes.windows(root.len()).any(|window| window == root);
    assert!(!found, "the checkout's path is in the kernel file");
}
