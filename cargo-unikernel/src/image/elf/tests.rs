use object::read::elf::FileHeader as _;

use super::*;
use crate::testing;

fn parts() -> Parts {
    let mut archive = Plan::default();
    archive.place("superblock", 1, vec![7; 5000]);
    Parts {
        disk: None,
        kernel: testing::kernel(&[0xf4]).into(),
        archive,
        launch: b"launch".to_vec(),
    }
}

fn written(plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn pieces_lie_behind_the_kernel() {
    assert_eq!(
        plan(&parts()).unwrap().to_string(),
        "\
0x00000000       4616 kernel
0x00001208        224 program headers
0x00002000       5000 archive
0x00002000       5000 superblock
0x00004000          6 launch record
"
    );
}

#[test]
fn segments_say_where_the_pieces_are_loaded() {
    let image = written(&plan(&parts()).unwrap());
    let header = object::elf::FileHeader64::<LittleEndian>::parse(&*image).unwrap();
    let segments = header.program_headers(LittleEndian, &*image).unwrap();
    let found: Vec<_> = segments
        .iter()
        .map(|s| {
            let e = LittleEndian;
            (
                s.p_type(e).0,
                s.p_offset(e),
                s.p_paddr(e),
                s.p_vaddr(e),
                s.p_memsz(e),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (4, 0x1000, 0x10_0000, 0xffff_ffff_8010_0000, 24),
            (1, 0x1000, 0x10_0000, 0xffff_ffff_8010_0000, 0x3000),
            (1, 0x2000, 0x10_3000, 0xffff_ffff_8010_3000, 5000),
            (1, 0x4000, 0x10_5000, 0xffff_ffff_8010_5000, 6),
        ]
    );
}

#[test]
fn boot_block_has_the_digests() {
    let image = written(&plan(&parts()).unwrap());
    let file = ElfFile64::<LittleEndian>::parse(&*image).unwrap();
    let section = file.section_by_name(boot::SECTION).unwrap();
    let block = BootBlock::decode(section.data().unwrap()).unwrap();
    assert_eq!(block.archive.start, 0x10_3000);
    assert_eq!(block.archive.digest, XxHash64::oneshot(0, &[7; 5000]));
    assert_eq!(block.launch.len, 6);
}

#[test]
fn read_back() {
    let image = written(&plan(&parts()).unwrap());
    let contents = read::contents(&*image).unwrap();
    assert_eq!(contents.launch, b"launch");
    assert_eq!(contents.end, 0x10_5006);
}

#[test]
fn every_truncation_is_refused() {
    let image = written(&plan(&parts()).unwrap());
    for len in (0..image.len()).step_by(97).chain([image.len() - 1]) {
        let error = read::contents(&image[..len]).unwrap_err();
        assert!(error.to_string().contains("it"), "{len} bytes: {error}");
    }
}

#[test]
fn damaged_launch_record_is_refused() {
    let mut image = written(&plan(&parts()).unwrap());
    *image.last_mut().unwrap() ^= 1;
    let error = read::contents(&*image).unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn kernel_alone_is_no_image() {
    let error = read::contents(&*testing::kernel(&[0xf4]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("a kernel, not an image"), "{error}");
}

#[test]
fn too_large_archive_is_refused() {
    let mut parts = parts();
    parts.archive.place_at("end", 3 << 30, vec![1]).unwrap();
    let error = plan(&parts).unwrap_err().to_string();
    assert!(error.contains("2048 MiB"), "{error}");
}
