use super::*;
use crate::error::Kind;
use crate::testing;

fn with_image(check: impl FnOnce(&Image)) {
    let folder = tempfile::tempdir().unwrap();
    let (mut image, _) = testing::image(folder.path(), &[0xf4]);
    image.path = "/out/it,em.elf".into();
    check(&image);
}

fn line(vmm: &str, engine: Engine, wiring: &Wiring) -> String {
    let mut line = String::new();
    with_image(|image| {
        let settings = Settings {
            vmm: Some(vmm.to_owned()),
            ..Settings::default()
        };
        let machine = Machine::new(image, &settings, engine).unwrap();
        line = machine.invocation(wiring).to_string();
    });
    line.replace(" -", "\n-")
}

#[test]
fn microvm_with_inherited_sockets() {
    let wiring = Wiring::sockets([5, 6, 7, 8], 9, Some("/dev/fd/10".into()));
    assert_eq!(
        line("qemu-microvm", Engine::Tcg, &wiring),
        "\
qemu-system-x86_64
-nodefaults
-no-user-config
-no-reboot
-display none
-machine microvm,acpi=off,pic=off,pit=off,rtc=off,usb=off,graphics=off
-accel tcg
-cpu max
-smp 1
-m 256M
-kernel /out/it,em.elf
-initrd /dev/fd/10
-device virtio-serial-device,max_ports=5
-chardev socket,id=stdin,fd=5
-device virtserialport,nr=1,chardev=stdin,name=stdin
-chardev socket,id=stdout,fd=6
-device virtserialport,nr=2,chardev=stdout,name=stdout
-chardev socket,id=stderr,fd=7
-device virtserialport,nr=3,chardev=stderr,name=stderr
-chardev socket,id=report,fd=8
-device virtserialport,nr=4,chardev=report,name=report
-chardev socket,id=serial,fd=9
-serial chardev:serial
-device isa-debug-exit,iobase=0xf4,iosize=4
-global virtio-mmio.force-legacy=false"
    );
}

#[test]
fn q35_fit_for_a_shell() {
    let wiring = Wiring::shell("/out/a,b.report".as_ref(), None);
    assert_eq!(
        line("qemu-q35", Engine::Kvm, &wiring),
        "\
qemu-system-x86_64
-nodefaults
-no-user-config
-no-reboot
-display none
-machine q35,sata=off,smbus=off,hpet=off,usb=off,vmport=off
-accel kvm
-cpu host
-smp 1
-m 256M
-kernel /out/it,em.elf
-device virtio-serial-pci,disable-legacy=on,max_ports=5
-chardev stdio,id=stdin,signal=on
-device virtserialport,nr=1,chardev=stdin,name=stdin
-chardev file,id=stdout,append=on,path=/dev/stdout
-device virtserialport,nr=2,chardev=stdout,name=stdout
-chardev file,id=stderr,append=on,path=/dev/stderr
-device virtserialport,nr=3,chardev=stderr,name=stderr
-chardev file,id=report,append=on,path=/out/a,,b.report
-device virtserialport,nr=4,chardev=report,name=report
-device isa-debug-exit,iobase=0xf4,iosize=4"
    );
}

#[test]
fn default_memory_grows_with_the_image() {
    assert_eq!(default_memory(MIB), 256 * MIB);
    assert_eq!(default_memory(200 * MIB), 264 * MIB);
}

#[test]
fn too_little_memory_names_both_sizes() {
    with_image(|image| {
        let check = |memory, expected: Option<&str>| {
            let settings = Settings {
                memory: Some(memory),
                ..Settings::default()
            };
            let error = Machine::new(image, &settings, Engine::Tcg).err();
            assert_eq!(error.is_some(), expected.is_some(), "{error:?}");
            let text = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(text.contains(expected.unwrap_or_default()), "{text}");
        };
        let needed = image.needed_memory().next_multiple_of(MIB);
        check(needed, None);
        check(needed - 1, Some("3.9 MiB of memory are too little"));
        check(needed - 1, Some("needs at least 4 MiB"));
    });
}

#[test]
fn more_cpus_than_the_kernel_can_use_are_refused() {
    with_image(|image| {
        let settings = Settings {
            cpus: 2,
            ..Settings::default()
        };
        let error = Machine::new(image, &settings, Engine::Tcg).unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        assert!(error.to_string().contains("can use 1"), "{error}");
    });
}

#[test]
fn unknown_vmm_names_the_known_ones() {
    with_image(|image| {
        let settings = Settings {
            vmm: Some("qemu".to_owned()),
            ..Settings::default()
        };
        let error = Machine::new(image, &settings, Engine::Tcg).unwrap_err();
        assert!(error.hint_text().unwrap().contains("`qemu-q35`"));
    });
}
