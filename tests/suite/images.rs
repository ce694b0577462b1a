//! Images, read back by other readers than our own.

use std::fs;
use std::path::PathBuf;

use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;

use tests::cli::Cli;
use tests::image;
use tests::process::Call;
use tests::project::Project;
use tests::workspace;

const MANIFEST: &str = "name = \"hello\"\nargs = [\"first\"]\n\n[env]\nGREETING = \"hi\"\n\n[files]\n\
    \"/etc/note\" = \"note\"\n\"/key\" = { host = \"note\", mode = \"0600\" }\n\"/latest\" = { symlink = \"etc/note\" }\n\
    \"/var/empty\" = { dir = true }\n\n[build]\nsources = [\"hello.c\"]\n";

fn project() -> Project {
    Project::new()
        .file("hello.c", workspace::read("tests/guests/hello.c"))
        .file("note", "a note\n".repeat(2000))
        .file("Unikernel.toml", MANIFEST)
}

/// Builds the project and gives the one path that the tool printed.
fn build(project: &Project) -> PathBuf {
    let built = Cli::new(project.folder(), ["build", "--release"]).run();
    built.expect_status(0);
    let text = built.stdout_text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "one path on stdout: {built}");
    let path = PathBuf::from(lines[0]);
    assert!(path.is_absolute(), "{built}");
    path
}

#[test]
fn artefact_lies_where_the_manual_says() {
    let project = project();
    let path = build(&project);
    let expected = project.path("target/unikernel/release/builtin/hello.elf");
    assert_eq!(
        path.canonicalize().unwrap(),
        expected.canonicalize().unwrap()
    );
}

#[test]
fn archive_is_accepted_by_fsck_and_holds_the_root_tree() {
    let project = project();
    let bytes = fs::read(build(&project)).unwrap();
    let block = image::boot_block(&bytes);
    project.write("archive.erofs", image::piece(&bytes, &block.archive));
    let checked = Call::new("fsck.erofs")
        .args(["--extract=out", "archive.erofs"])
        .folder(project.folder())
        .run();
    checked.expect_status(0);
    let note = fs::read_to_string(project.path("out/etc/note")).unwrap();
    assert_eq!(note, "a note\n".repeat(2000));
    let link = fs::read_link(project.path("out/latest")).unwrap();
    assert_eq!(link, PathBuf::from("etc/note"));
    assert!(project.path("out/var/empty").is_dir());
    assert!(project.path("out/tmp").is_dir());
    let program = fs::read(project.path("out/hello")).unwrap();
    assert!(program.starts_with(b"\x7fELF"));
}

#[test]
fn second_reader_sees_a_kernel_that_loads_everything_once() {
    let project = project();
    let bytes = fs::read(build(&project)).unwrap();
    let elf = Elf::parse(&bytes).expect("goblin reads the image");
    let mut loaded: Vec<_> = elf
        .program_headers
        .iter()
        .filter(|segment| segment.p_type == PT_LOAD)
        .map(|segment| (segment.p_paddr, segment.p_paddr + segment.p_memsz))
        .collect();
    loaded.sort_unstable();
    let apart = loaded.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    assert!(apart, "segments overlap: {loaded:x?}");
    let block = image::boot_block(&bytes);
    assert_eq!(block.archive.start % 4096, 0, "{block:?}");
    assert_eq!(block.archive.len % 4096, 0, "{block:?}");
    let record = image::piece(&bytes, &block.launch);
    let items: Vec<_> = unikernel_abi::launch::Launch::decode(record)
        .expect("a launch record")
        .items()
        .collect::<Result<_, _>>()
        .expect("whole items");
    let has = |item| items.contains(&item);
    assert!(
        has(unikernel_abi::launch::Item::Program(b"/hello")),
        "{items:?}"
    );
    assert!(has(unikernel_abi::launch::Item::Arg(b"first")), "{items:?}");
    assert!(
        has(unikernel_abi::launch::Item::Env(b"GREETING=hi")),
        "{items:?}"
    );
}

#[test]
fn same_inputs_give_the_same_bytes() {
    let (first, second) = (project(), project());
    let images = [&first, &second].map(|project| fs::read(build(project)).unwrap());
    assert!(images[0] == images[1], "two folders, two images");
}

#[test]
fn second_build_writes_nothing() {
    let project = project();
    let path = build(&project);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(build(&project), path);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn archived_program_is_stripped_and_the_whole_one_stays_beside() {
    let project = project();
    let path = build(&project);
    let bytes = fs::read(&path).unwrap();
    let archive = image::piece(&bytes, &image::boot_block(&bytes).archive);
    let marker = b".debug_info";
    assert!(!archive.windows(marker.len()).any(|window| window == marker));
    let folder = path.parent().unwrap();
    let unstripped = fs::read_dir(folder)
        .unwrap()
        .filter_map(Result::ok)
        .any(|entry| {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            entry.path() != path && bytes.starts_with(b"\x7fELF")
        });
    assert!(unstripped, "no ELF beside {}", path.display());
}
