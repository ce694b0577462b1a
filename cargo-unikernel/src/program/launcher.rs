//! The launcher: a tiny program that runs `main` of a shared object.
//!
//! A shared object has no entry point that starts C's run-time. The launcher is a position-independent executable of about a
//! page: it names the object and its libc as libraries, takes `main` and `__libc_start_main` through the dynamic linker, and
//! calls one with the other. The run-time (glibc, csu/libc-start.c; musl, src/env/__libc_start_main.c) runs the constructors
//! itself when it is given no `init`, so the object behaves like an ordinary program.

use object::endian::{I64, LittleEndian as LE, U16, U32, U64};
use object::{elf, pod};

use crate::root::RootPath;

/// Guest path of the launcher.
pub const GUEST_PATH: &str = "/.unikernel/launcher";

/// The library that stands in front of OSv's own symbols.
pub const OSV_SHIM: &str = "libunikernel-osv.so";

/// The C library that an object was linked with, or is to be started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
    /// OSv's, which is the kernel, with our shim in front.
    Osv,
}

impl Libc {
    /// The C library that these `DT_NEEDED` names speak of; glibc when they name none.
    #[must_use]
    pub fn of(needed: &[String]) -> Self {
        let musl = |name: &String| name == "libc.so" || name.starts_with("libc.musl-");
        if needed.iter().any(musl) {
            Self::Musl
        } else {
            Self::Glibc
        }
    }

    /// Guest path of its dynamic linker.
    #[must_use]
    pub const fn interpreter(self) -> &'static str {
        match self {
            Self::Glibc | Self::Osv => "/lib64/ld-linux-x86-64.so.2",
            Self::Musl => "/lib/ld-musl-x86_64.so.1",
        }
    }

    /// The library that has `__libc_start_main`.
    #[must_use]
    pub const fn library(self) -> &'static str {
        match self {
            Self::Glibc => "libc.so.6",
            Self::Musl => "libc.so",
            Self::Osv => OSV_SHIM,
        }
    }
}

/// `_start`, as the x86-64 psABI (3.4.1, process initialisation) enters it: `rsp` at argc, `rdx` a function to call at exit.
/// The two 32-bit holes are filled with the distances to the two slots.
const CODE: [u8; 34] = [
    0x31, 0xed, // xor ebp, ebp
    0x49, 0x89, 0xd1, // mov r9, rdx: rtld_fini
    0x5e, // pop rsi: argc
    0x48, 0x89, 0xe2, // mov rdx, rsp: argv
    0x48, 0x83, 0xe4, 0xf0, // and rsp, -16
    0x50, // push rax: keeps the alignment
    0x54, // push rsp: stack_end
    0x45, 0x31, 0xc0, // xor r8d, r8d: no fini
    0x31, 0xc9, // xor ecx, ecx: no init
    0x48, 0x8b, 0x3d, 0, 0, 0, 0, // mov rdi, [rip + main]
    0xff, 0x15, 0, 0, 0, 0,    // call [rip + __libc_start_main]
    0xf4, // hlt: it does not return
];
const MAIN_HOLE: usize = 23;
const START_HOLE: usize = 29;

const PAGE: u64 = 0x1000;
/// The three segments lie at these distances from their file offsets: one file page, mapped with three protections.
const TEXT_BASE: u64 = PAGE;
const DATA_BASE: u64 = 2 * PAGE;

/// Where the parts of the file lie: offsets in bytes.
struct Layout {
    interpreter: u64,
    symbols: u64,
    hash: u64,
    relocations: u64,
    strings: u64,
    text: u64,
    dynamic: u64,
    slots: u64,
    end: u64,
}

/// Program headers that the launcher has.
const N_SEGMENTS: u64 = 7;
/// Entries of its dynamic table.
const N_DYNAMIC: u64 = 12;
/// Its dynamic symbols: the null symbol, `main`, `__libc_start_main`.
const N_SYMBOLS: u64 = 3;

impl Layout {
    fn new(interpreter_len: u64, strings_len: u64) -> Self {
        let interpreter = 64 + N_SEGMENTS * 56;
        let symbols = (interpreter + interpreter_len).next_multiple_of(8);
        let hash = symbols + N_SYMBOLS * 24;
        let relocations = hash + 24;
        let strings = relocations + 2 * 24;
        let text = (strings + strings_len).next_multiple_of(16);
        let dynamic = (text + CODE.len() as u64).next_multiple_of(16);
        let slots = dynamic + N_DYNAMIC * 16;
        Self {
            interpreter,
            symbols,
            hash,
            relocations,
            strings,
            text,
            dynamic,
            slots,
            end: slots + 16,
        }
    }
}

/// The names that the dynamic table and its symbols point to, each with its offset.
struct Strings {
    bytes: Vec<u8>,
    offsets: [u32; 4],
}

impl Strings {
    fn new(names: [&str; 4]) -> Self {
        let mut bytes = vec![0];
        let offsets = names.map(|name| {
            let offset = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
            offset
        });
        Self { bytes, offsets }
    }
}

/// The launcher for the shared object that lies at `object` in the guest.
#[must_use]
pub fn launcher(object: &RootPath, libc: Libc) -> Vec<u8> {
    let interpreter = [libc.interpreter().as_bytes(), b"\0"].concat();
    let object = object.to_string();
    let strings = Strings::new(["main", "__libc_start_main", &object, libc.library()]);
    let [main, start, object, library] = strings.offsets;
    let layout = Layout::new(interpreter.len() as u64, strings.bytes.len() as u64);

    let mut file = Vec::new();
    put(&mut file, 0, pod::bytes_of(&header(&layout)));
    for segment in segments(&layout, interpreter.len() as u64) {
        file.extend_from_slice(pod::bytes_of(&segment));
    }
    put(&mut file, layout.interpreter, &interpreter);
    for (index, name) in [0, main, start].into_iter().enumerate() {
        let at = layout.symbols + 24 * index as u64;
        put(&mut file, at, pod::bytes_of(&undefined(name)));
    }
    // One bucket, empty: nothing is defined here, but musl wants a table to look into (gABI, hash table).
    for (index, word) in [1, 3, 0, 0, 0, 0_u32].into_iter().enumerate() {
        put(
            &mut file,
            layout.hash + 4 * index as u64,
            &word.to_le_bytes(),
        );
    }
    for slot in 0..2 {
        let at = layout.relocations + 24 * slot;
        put(
            &mut file,
            at,
            pod::bytes_of(&slot_relocation(&layout, slot)),
        );
    }
    put(&mut file, layout.strings, &strings.bytes);
    put(&mut file, layout.text, &code(&layout));
    let dynamic = dynamic(&layout, [object, library], strings.bytes.len() as u64);
    for (index, (tag, value)) in dynamic.into_iter().enumerate() {
        let entry = elf::Dyn64 {
            d_tag: I64::new(LE, tag),
            d_val: U64::new(LE, value),
        };
        let at = layout.dynamic + 16 * index as u64;
        put(&mut file, at, pod::bytes_of(&entry));
    }
    put(&mut file, layout.slots, &[0; 16]);
    file
}

/// Adds `bytes` at `offset`, which is at or behind the end so far.
fn put(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    file.resize(offset.max(file.len()), 0);
    file.extend_from_slice(bytes);
}

fn header(layout: &Layout) -> elf::FileHeader64<LE> {
    elf::FileHeader64 {
        e_ident: elf::Ident {
            magic: elf::ELFMAG,
            class: elf::ELFCLASS64,
            data: elf::ELFDATA2LSB,
            version: elf::EV_CURRENT,
            os_abi: elf::ELFOSABI_SYSV,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(LE, elf::ET_DYN),
        e_machine: U16::new(LE, elf::EM_X86_64),
        e_version: U32::new(LE, 1),
        e_entry: U64::new(LE, layout.text + TEXT_BASE),
        e_phoff: U64::new(LE, 64),
        e_shoff: U64::new(LE, 0),
        e_flags: U32::new(LE, elf::FileFlags(0)),
        e_ehsize: U16::new(LE, 64),
        e_phentsize: U16::new(LE, 56),
        e_phnum: U16::new(LE, N_SEGMENTS as u16),
        e_shentsize: U16::new(LE, 64),
        e_shnum: U16::new(LE, 0),
        e_shstrndx: U16::new(LE, elf::SymbolSection(0)),
    }
}

/// The code with its holes filled: distances are from the end of the instruction.
fn code(layout: &Layout) -> [u8; CODE.len()] {
    let mut code = CODE;
    for (hole, slot) in [(MAIN_HOLE, 0), (START_HOLE, 8)] {
        let next = layout.text + TEXT_BASE + hole as u64 + 4;
        let distance = layout.slots + DATA_BASE + slot - next;
        let bytes = distance.to_le_bytes();
        code[hole..hole + 4].copy_from_slice(&bytes[..4]);
    }
    code
}

fn segments(layout: &Layout, interpreter_len: u64) -> [elf::ProgramHeader64<LE>; 7] {
    let segment = |p_type, p_flags, base: u64, start: u64, end: u64, align| elf::ProgramHeader64 {
        p_type: U32::new(LE, p_type),
        p_flags: U32::new(LE, p_flags),
        p_offset: U64::new(LE, start),
        p_vaddr: U64::new(LE, base + start),
        p_paddr: U64::new(LE, base + start),
        p_filesz: U64::new(LE, end - start),
        p_memsz: U64::new(LE, end - start),
        p_align: U64::new(LE, align),
    };
    let interpreter_end = layout.interpreter + interpreter_len;
    let (read, execute) = (elf::PF_R, elf::PF_R | elf::PF_X);
    let write = elf::PF_R | elf::PF_W;
    [
        segment(elf::PT_PHDR, read, 0, 64, 64 + N_SEGMENTS * 56, 8),
        segment(
            elf::PT_INTERP,
            read,
            0,
            layout.interpreter,
            interpreter_end,
            1,
        ),
        segment(elf::PT_LOAD, read, 0, 0, layout.text, PAGE),
        segment(
            elf::PT_LOAD,
            execute,
            TEXT_BASE,
            layout.text,
            layout.dynamic,
            PAGE,
        ),
        segment(
            elf::PT_LOAD,
            write,
            DATA_BASE,
            layout.dynamic,
            layout.end,
            PAGE,
        ),
        segment(
            elf::PT_DYNAMIC,
            write,
            DATA_BASE,
            layout.dynamic,
            layout.slots,
            8,
        ),
        segment(elf::PT_GNU_STACK, write, 0, 0, 0, 16),
    ]
}

fn dynamic(layout: &Layout, libraries: [u32; 2], strings_len: u64) -> [(elf::DynamicTag, u64); 12] {
    let [object, library] = libraries.map(u64::from);
    [
        (elf::DT_NEEDED, object),
        (elf::DT_NEEDED, library),
        (elf::DT_HASH, layout.hash),
        (elf::DT_STRTAB, layout.strings),
        (elf::DT_SYMTAB, layout.symbols),
        (elf::DT_STRSZ, strings_len),
        (elf::DT_SYMENT, 24),
        (elf::DT_RELA, layout.relocations),
        (elf::DT_RELASZ, 2 * 24),
        (elf::DT_RELAENT, 24),
        (elf::DT_FLAGS_1, (elf::DF_1_NOW | elf::DF_1_PIE).0),
        (elf::DT_NULL, 0),
    ]
}

fn undefined(name: u32) -> elf::Sym64<LE> {
    let bind = if name == 0 {
        elf::STB_LOCAL
    } else {
        elf::STB_GLOBAL
    };
    elf::Sym64 {
        st_name: U32::new(LE, name),
        st_info: elf::SymbolInfo::new(bind, elf::STT_NOTYPE),
        st_other: elf::SymbolOther(0),
        st_shndx: U16::new(LE, elf::SHN_UNDEF),
        st_value: U64::new(LE, 0),
        st_size: U64::new(LE, 0),
    }
}

/// The relocation that fills slot 0 with `main` and slot 1 with `__libc_start_main`: symbols 1 and 2.
fn slot_relocation(layout: &Layout, slot: u64) -> elf::Rela64<LE> {
    let kind = u64::from(elf::R_X86_64_GLOB_DAT.0);
    elf::Rela64 {
        r_offset: U64::new(LE, layout.slots + DATA_BASE + 8 * slot),
        r_info: U64::new(LE, ((slot + 1) << 32) | kind),
        r_addend: I64::new(LE, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::elf::ElfFacts;
    use crate::tool::Invocation;
    use crate::{fs, tool};

    #[test]
    fn launcher_names_the_object_and_its_libc() {
        let facts =
            ElfFacts::parse(&launcher(&RootPath::parse("/app").unwrap(), Libc::Glibc)).unwrap();
        assert_eq!(facts.needed, ["/app", "libc.so.6"]);
        assert_eq!(
            facts.interpreter.as_deref(),
            Some(Libc::Glibc.interpreter())
        );
        assert!(facts.is_pie && facts.is_x86_64() && !facts.executable_stack);
        let imports: Vec<_> = facts.imports.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(imports, ["__libc_start_main", "main"]);
    }

    #[test]
    fn musl_is_known_by_its_name() {
        let of = |name: &str| Libc::of(&["libm.so.6".to_owned(), name.to_owned()]);
        assert_eq!(of("libc.so"), Libc::Musl);
        assert_eq!(of("libc.musl-x86_64.so.1"), Libc::Musl);
        assert_eq!(of("libc.so.6"), Libc::Glibc);
    }

    /// Linux is the judge: arguments, constructors, the exit status and the stack's alignment are what a program expects.
    fn check(compiler: &str, libc: Libc) {
        if tool::find(compiler).is_err() || !fs::exists(libc.interpreter().as_ref()) {
            println!("skipped: no {compiler}");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let source = r#"
            #include <stdio.h>
            #include <stdlib.h>
            static int made;
            __attribute__((constructor)) static void make(void) { made++; }
            static void last(void) { printf("last\n"); }
            int main(int argc, char **argv, char **env) {
                atexit(last);
                printf("%d %s %s %d %d %d\n", argc, argv[0], argv[1], made, env[0] != NULL,
                       (int)((unsigned long)__builtin_frame_address(0) % 16));
                return 42;
            }"#;
        fs::write_bytes(&at("a.c"), source.as_bytes()).unwrap();
        let linked = Invocation::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-fno-omit-frame-pointer", "-o"])
            .arg(at("object.so"))
            .arg(at("a.c"))
            .run_captured(None)
            .unwrap();
        assert!(linked.status.success(), "{linked:?}");
        let object = at("object.so");
        let bytes = launcher(&RootPath::parse(object.to_str().unwrap()).unwrap(), libc);
        fs::write_bytes(&at("launcher"), &bytes).unwrap();
        fs::make_program(&at("launcher")).unwrap();
        let run = Invocation::new(at("launcher"))
            .arg("one")
            .run_captured(None)
            .unwrap();
        let expected = format!("2 {} one 1 1 0\nlast\n", at("launcher").display());
        assert_eq!(String::from_utf8_lossy(&run.stdout), expected, "{run:?}");
        assert_eq!(run.status.code(), Some(42));
    }

    #[test]
    fn linux_runs_main_of_a_glibc_object() {
        check("cc", Libc::Glibc);
    }

    #[test]
    fn linux_runs_main_of_a_musl_object() {
        check("musl-gcc", Libc::Musl);
    }
}
