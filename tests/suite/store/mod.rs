//! The kernel store: what goes in, what is refused, and fetching from a web root on loopback.
//!
//! The kernels are none: they have what a kernel file is recognised by, and nothing else.

mod add;
mod choose;
mod fetch;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use tests::cli::Cli;
use tests::process::Call;
use tests::project::Project;

/// What is recognised: an executable at a fixed address that exports what OSv does; or one that can be entered as PVH says and
/// knows the filesystem of Nanos.
const OSV: &str = "const char *osv_firmware_vendor(void) { return \"\"; }\nint puts(const char *);\nvoid _start(void) { puts(osv_firmware_vendor()); }\n";
const NANOS: &str = "const char magic[] = \"NVMTFS\";\nvoid _start(void) {}\n\
    __asm__(\".pushsection .note.Xen,\\\"a\\\",@note\\n.long 4, 4, 18\\n.asciz \\\"Xen\\\"\\n\
    .long 0x100000\\n.popsection\");\n";

/// A folder for a user: the store and the cache lie in it.
struct User {
    project: Project,
}

impl User {
    fn new() -> Self {
        Self {
            project: Project::new(),
        }
    }

    /// `cargo unikernel kernel` with these words.
    fn kernel<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Cli {
        let home = |name: &str| OsString::from(self.project.path(name));
        Cli::new(self.project.folder(), ["kernel"])
            .args(args)
            .env("XDG_DATA_HOME", home("data"))
            .env("XDG_CACHE_HOME", home("cache"))
    }

    /// The lines of `kernel list`.
    fn list(&self) -> String {
        self.kernel(["list"]).run().expect_status(0).stdout_text()
    }

    /// Kernel and file of each line of `kernel list`.
    fn files(&self) -> Vec<String> {
        let list = self.list();
        let lines = list.lines().map(|line| line.split(' '));
        lines
            .map(|words| words.take(2).collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// The store and the downloads hold nothing, or what is named: nothing half-done is left.
    fn expect_left(&self, expected: &[&str]) {
        let mut found = Vec::new();
        for folder in ["data", "cache"] {
            below(&self.project.path(folder), folder, &mut found);
        }
        assert_eq!(found, expected);
    }

    /// Fails with these texts on one screen, and leaves nothing.
    fn check_refused(&self, args: &[&str], texts: &[&str]) {
        let run = self.kernel(args.iter().copied()).run();
        run.expect_status(1).expect_stdout("");
        for text in texts {
            run.expect_stderr_has(text);
        }
        assert!(run.stderr_text().lines().count() <= 12, "{run}");
        self.expect_left(&[]);
    }
}

/// All files below a folder but locks.
fn below(folder: &Path, name: &str, found: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = format!("{name}/{file}");
        if entry.path().is_dir() {
            below(&entry.path(), &name, found);
        } else if file != ".unikernel-lock" {
            found.push(name);
        }
    }
}

/// OSv's bare loader: boot sector with its signature, and an ELF at 64 KiB.
fn loader() -> Vec<u8> {
    let mut bytes = vec![0; 0x1_0000];
    bytes[0x1b8..0x1bc].copy_from_slice(b"VSO\0");
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    bytes.extend(b"\x7fELF\x01");
    bytes.extend((0..200_000_u32).map(|byte| byte.to_le_bytes()[0] ^ byte.to_le_bytes()[1]));
    bytes
}

/// The boot file of Nanos: boot sector with its record, and a stage 2.
fn nanos_boot() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    bytes.extend(b"NVMTFS and code");
    let len = bytes.len() as u64 - 512;
    bytes[426..434].copy_from_slice(&0x8000_u64.to_le_bytes());
    bytes[434..442].copy_from_slice(&len.to_le_bytes());
    bytes[442] = 12;
    bytes
}

/// Compiles a kernel that is none to this path of a project.
fn compile(project: &Project, source: &str, to: &str, flags: &[&str]) {
    project.write("kernel.c", source);
    project.write(to, "");
    Call::new("gcc")
        .args(["-nostartfiles", "-no-pie", "-rdynamic"])
        .args(flags.iter().copied())
        .args(["-o", to, "kernel.c"])
        .folder(project.folder())
        .run()
        .expect_status(0);
    fs::remove_file(project.path("kernel.c")).expect("it was written");
}

/// Runs a program that packs files, in a project's folder.
fn pack(project: &Project, program: &str, args: &[&str]) {
    let call = Call::new(program).args(args.iter().copied());
    call.folder(project.folder()).run().expect_status(0);
}
