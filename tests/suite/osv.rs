//! Disks for OSv, made with kernels that would not run: how they are composed shows without booting. What boots is in
//! `tests/osv`, where a kernel is.

use std::fs;
use std::path::PathBuf;

use goblin::elf::Elf;
use tests::cli::Cli;
use tests::osv;
use tests::project::Project;

const MANIFEST: &str = "name = \"hello\"\nkernel = \"osv\"\nargs = [\"two words\", \"$HOME\"]\n\n[env]\nGREETING = \"hi there\"\n\n\
    [files]\n\"/etc/note\" = \"note\"\n\n[net]\naddress = \"10.0.2.15/24\"\ngateway = \"10.0.2.2\"\n\n\
    [build]\nsources = [\"hello.c\"]\n";

fn project() -> Project {
    Project::new()
        .file(
            "hello.c",
            "#include <dirent.h>\nint main(void) { return !opendir(\"/\"); }\n",
        )
        .file("note", "a note\n")
        .file("Unikernel.toml", MANIFEST)
        .file("kernel/loader.img", osv::loader_img())
        .file("kernel/loader-stripped.elf", osv::loader_elf())
}

fn built(project: &Project, kernel: &str) -> PathBuf {
    let built = Cli::new(project.folder(), ["build", "--kernel-file", kernel]).run();
    built.expect_status(0);
    PathBuf::from(built.stdout_text().trim_end())
}

fn image(project: &Project, kernel: &str) -> Vec<u8> {
    fs::read(built(project, kernel)).expect("just built")
}

#[test]
fn without_a_kernel_the_error_says_what_to_give() {
    let project = project();
    let nowhere = project.folder().join("no-kernels");
    let built = Cli::new(project.folder(), ["build"])
        .env("UNIKERNEL_STORE", nowhere)
        .run();
    built
        .expect_status(1)
        .expect_stderr_has("does not come with the tool")
        .expect_stderr_has("--kernel-file");
}

#[test]
fn command_line_and_root_tree_are_read_as_osv_reads_them() {
    let disk = osv::disk(&image(&project(), "kernel/loader.img"));
    assert_eq!(
        disk.line,
        "--rootfs=rofs --power-off-on-abort --noinit --ip=eth0,10.0.2.15,255.255.255.0 --defaultgw=10.0.2.2 \
         --env=GREETING=hi\\ there --env=HOME=/ --env=PATH=/usr/local/bin:/usr/bin:/bin --env=TERM=xterm \
         --env=UNIKERNEL_ARG3=$HOME /.unikernel/launcher /hello \"two words\" $UNIKERNEL_ARG3"
    );
    let paths: Vec<&str> = disk.files.keys().map(String::as_str).collect();
    for folder in ["/dev", "/proc", "/sys", "/tmp"] {
        assert_eq!(disk.files[folder], b"", "{folder} in {paths:?}");
    }
    assert_eq!(disk.files["/etc/mnttab"], b"-> /proc/mounts");
    assert_eq!(disk.files["/etc/note"], b"a note\n");
    assert!(disk.files["/etc/fstab"].starts_with(b"/dev/vblk0.1 / rofs"));
    let own = ["/lib64", "libc.so", "ld-linux"];
    assert!(
        paths
            .iter()
            .all(|path| own.iter().all(|own| !path.contains(own))),
        "{paths:?}"
    );
}

#[test]
fn shared_object_its_launcher_and_the_shim_are_what_osv_loads() {
    let disk = osv::disk(&image(&project(), "kernel"));
    let program = &disk.files["/hello"];
    let program = Elf::parse(program).expect("goblin reads the program");
    let exports = |elf: &Elf<'_>, name: &str| {
        let mut symbols = elf.dynsyms.iter().filter(|symbol| !symbol.is_import());
        symbols.any(|symbol| elf.dynstrtab.get_at(symbol.st_name) == Some(name))
    };
    assert!(exports(&program, "main") && program.interpreter.is_none());
    let launcher =
        Elf::parse(&disk.files["/.unikernel/launcher"]).expect("goblin reads the launcher");
    assert_eq!(launcher.libraries, ["/hello", "libunikernel-osv.so"]);
    let shim =
        Elf::parse(&disk.files["/usr/lib/libunikernel-osv.so"]).expect("goblin reads the shim");
    for name in ["__libc_start_main", "exit", "abort", "opendir"] {
        assert!(exports(&shim, name), "{name}");
    }
}

#[test]
fn executable_is_given_the_shim_and_keeps_its_segments() {
    let project = project();
    let built = Cli::new(
        project.folder(),
        ["build", "--kernel-file", "kernel", "--link", "pie"],
    )
    .run();
    let bytes = fs::read(built.expect_status(0).stdout_text().trim_end()).expect("just built");
    let disk = osv::disk(&bytes);
    assert!(!disk.files.contains_key("/.unikernel/launcher"));
    let program = Elf::parse(&disk.files["/hello"]).expect("goblin reads the program");
    assert_eq!(program.libraries.first(), Some(&"libunikernel-osv.so"));
    assert!(program.entry != 0 && program.interpreter.is_some());
}

#[test]
fn defect_that_the_program_meets_is_told_with_its_cure() {
    let built = Cli::new(project().folder(), ["build", "--kernel-file", "kernel"]).run();
    built
        .expect_status(0)
        .expect_stderr_has("osv: `opendir` succeeds on regular files")
        .expect_stderr_has("the shim's `opendir` opens folders only");
}

#[test]
fn kernel_lies_where_its_boot_sector_looks() {
    let stock = image(&project(), "kernel/loader.img");
    let loader = osv::loader_img();
    assert_eq!(stock[..0x1be], loader[..0x1be]);
    assert_eq!(stock[0x1_0000..loader.len()], loader[0x1_0000..]);
    let own = image(&project(), "kernel/loader-stripped.elf");
    let elf = osv::loader_elf();
    assert_eq!(own[0x10..0x12], [3, 0], "units of 32 KiB");
    assert_eq!(own[0x1_0000..0x1_0000 + elf.len()], elf[..]);
    assert!(
        own[0x1_0000 + elf.len()..0x1_0000 + 3 * 0x8000]
            .iter()
            .all(|byte| *byte == 0)
    );
}

#[test]
fn same_inputs_give_the_same_disk() {
    for kernel in ["kernel", "kernel/loader.img"] {
        let (first, second) = (project(), project());
        assert!(
            image(&first, kernel) == image(&second, kernel),
            "{kernel}: two folders, two disks"
        );
    }
}

#[test]
fn disk_is_looked_into() {
    let project = project();
    let path = built(&project, "kernel");
    let looked = Cli::new(project.folder(), ["inspect"]).arg(path).run();
    looked.expect_status(0);
    let text = looked.stdout_text();
    for part in [
        "kernel      osv",
        "archive     rofs",
        "argument    two words",
        "argument    $HOME",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn what_is_no_kernel_of_osvs_is_refused() {
    let project = project().file("empty/nothing", "").file("text", "text");
    let mut cut = osv::loader_img();
    cut.truncate(0x1_0000);
    project.write("cut", cut);
    for (kernel, expected) in [
        ("empty", "without any of `loader-stripped.elf`"),
        ("text", "no boot sector of OSv's"),
        ("cut", "0 bytes of kernel are there"),
        ("nowhere", "no such file"),
    ] {
        let built = Cli::new(project.folder(), ["build", "--kernel-file", kernel]).run();
        built.expect_status(1).expect_stderr_has(expected);
    }
}

#[test]
fn what_a_disk_or_machine_can_not_do_is_refused_before_a_vmm_is_started() {
    let project = project();
    built(&project, "kernel");
    let disk = "target/unikernel/debug/osv/hello.raw";
    let check = |args: &[&str], expected: &str| {
        let run = Cli::new(project.folder(), ["run", "--accel", "tcg", "--image", disk])
            .args(args.iter().copied());
        run.run().expect_status(125).expect_stderr_has(expected);
    };
    check(&["--", "other"], "its command line is on it");
    check(&["--vmm", "qemu-microvm"], "wants an HPET");
    check(&["-f", "80", "-f", "80:81"], "the same port of the host");
    check(&["--wait-ready"], "nothing says when the guest is ready");
}
