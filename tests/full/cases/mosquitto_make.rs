//! Mosquitto 2.0.11 from Debian's source, built by its own makefile, whose variables are all that is given.

use std::fs;
use std::path::{Path, PathBuf};

use goblin::elf::Elf;
use goblin::elf::dynamic::DF_TEXTREL;
use goblin::elf::header::ET_DYN;
use tests::cli::Cli;
use tests::project::Project;

use super::{Case, Debian};
use crate::findings::Findings;

/// The case.
pub(super) static CASE: Case = Case {
    name: "mosquitto_make",
    about: "the broker's own makefile makes a PIE and a shared object; each becomes an image",
    packages: &[
        "libc6",
        "libcap2",
        "libcom-err2",
        "libgcrypt20",
        "libgpg-error0",
        "libgssapi-krb5-2",
        "libk5crypto3",
        "libkeyutils1",
        "libkrb5-3",
        "libkrb5support0",
        "liblz4-1",
        "liblzma5",
        "libnsl2",
        "libssl-dev",
        "libssl3",
        "libsystemd-dev",
        "libsystemd0",
        "libtirpc3",
        "libwrap0",
        "libwrap0-dev",
        "libzstd1",
    ],
    check,
};

/// What is not needed to serve, and would need more packages.
const FEATURES: &str = "WITH_DOCS=no WITH_CJSON=no WITH_SRV=no WITH_WEBSOCKETS=no";

fn check(debian: &Debian) {
    let project = Project::new();
    debian.copy_source("mosquitto", "2.0.11", &project.path("mosquitto"));
    position_independent(&project, debian);
    shared(&project, debian);
}

/// Builds with this `make` line and kind of link: the ELF that the makefile leaves, and the image.
fn built(project: &Project, debian: &Debian, variables: &str, link: &str) -> (PathBuf, PathBuf) {
    let manifest = format!(
        "name = \"mosquitto\"\nlink = \"{link}\"\nargs = [\"-c\", \"/etc/mosquitto.conf\"]\n\
         [files]\n\"/etc/mosquitto.conf\" = \"mosquitto/mosquitto.conf\"\n\
         [build]\ndir = \"mosquitto\"\nbinary = \"src/mosquitto\"\n\
         command = \"make -C src clean && make -C src -j2 {FEATURES} {variables}\"\n"
    );
    project.write("Unikernel.toml", manifest);
    let built = Cli::new(project.folder(), ["build", "--sysroot"])
        .arg(debian.root())
        .run();
    built
        .expect_status(0)
        .expect_stderr_has("warning[UK001]: `mosquitto` imports `fork`, which makes a process");
    let image = PathBuf::from(built.stdout_text().trim_end());
    (project.path("mosquitto/src/mosquitto"), image)
}

/// Fails unless the image holds all these paths.
fn holds(project: &Project, image: &Path, paths: &[&str]) {
    let told = Cli::new(project.folder(), ["inspect"]).arg(image).run();
    let text = told.expect_status(0).stdout_text();
    for path in paths {
        let is_there = text
            .lines()
            .any(|line| line.ends_with(&format!("  {path}")));
        assert!(is_there, "{path}: {told}");
    }
}

fn position_independent(project: &Project, debian: &Debian) {
    let variables = "WITH_TLS=no CFLAGS='-O2 -fPIE' LDFLAGS=-pie";
    let (program, image) = built(project, debian, variables, "pie");
    let bytes = fs::read(&program).expect("it was built");
    let elf = Elf::parse(&bytes).expect("an ELF");
    assert!(elf.header.e_type == ET_DYN && elf.interpreter.is_some());
    holds(project, &image, &["/mosquitto", "/etc/mosquitto.conf"]);
    let [builtin] = Findings::of(&program, &debian.root(), ["builtin"]);
    assert_eq!(builtin.symbols("UK001", ""), ["fork"]);
}

fn shared(project: &Project, debian: &Debian) {
    let root = debian.root();
    let root = root.display();
    let libraries = format!("{root}/usr/lib/x86_64-linux-gnu");
    let variables = format!(
        "WITH_TLS=yes WITH_SYSTEMD=yes WITH_WRAP=yes \
         CPPFLAGS='-I{root}/usr/include -I{root}/usr/include/x86_64-linux-gnu' CFLAGS='-O2 -fPIC' \
         LDFLAGS='-shared -Wl,-z,text -L{libraries} -Wl,-rpath-link,{libraries}:{root}/lib/x86_64-linux-gnu'"
    );
    let (program, image) = built(project, debian, &variables, "shared");
    let bytes = fs::read(&program).expect("it was built");
    let elf = Elf::parse(&bytes).expect("an ELF");
    assert!(elf.header.e_type == ET_DYN && elf.interpreter.is_none());
    let main = elf
        .dynsyms
        .iter()
        .find(|it| elf.dynstrtab.get_at(it.st_name) == Some("main"));
    assert!(main.is_some_and(|main| main.is_function() && !main.is_import()));
    let dynamic = elf.dynamic.as_ref().expect("a dynamic table");
    assert!(!dynamic.info.textrel && dynamic.info.flags & DF_TEXTREL == 0);
    let libraries = ["libssl.so.3", "libwrap.so.0"];
    let libraries = libraries.map(|name| format!("/usr/lib/x86_64-linux-gnu/{name}"));
    holds(
        project,
        &image,
        &["/mosquitto", &libraries[0], &libraries[1]],
    );
    let [builtin, osv] = Findings::of(&program, &debian.root(), ["builtin", "osv"]);
    for kernel in [&builtin, &osv] {
        let own = kernel.of_rule("UK001", "");
        assert_eq!(own.len(), 1, "{own:?}");
        assert_eq!(own[0]["symbol"], "fork");
        assert_eq!(
            (&own[0]["level"], &own[0]["evidence"]),
            (&"warning".into(), &"imported".into())
        );
        // Whoever else would fork is named, with who needs it; it is not held against the program.
        for (library, needed_by) in [
            ("libwrap.so.0", vec!["mosquitto"]),
            ("libsystemd.so.0", vec!["mosquitto"]),
            (
                "libgpg-error.so.0",
                vec!["mosquitto", "libsystemd.so.0", "libgcrypt.so.20"],
            ),
        ] {
            let found = kernel.of_rule("UK001", library);
            assert_eq!(found.len(), 1, "{library}: {found:?}");
            assert_eq!(
                (&found[0]["symbol"], &found[0]["level"]),
                (&"fork".into(), &"note".into())
            );
            assert_eq!(
                found[0]["needed_by"],
                serde_json::json!(needed_by),
                "{library}"
            );
        }
        assert_eq!(kernel.symbols("UK012", ""), [""; 0]);
    }
    assert!(
        builtin
            .symbols("UK003", "libcrypto.so.3")
            .contains(&"connect")
    );
    // osv is the C library itself: what it lacks is told of the library that needs it.
    assert_eq!(osv.symbols("UK005", ""), ["syslog"]);
    assert!(
        osv.symbols("UK005", "libtirpc.so.3")
            .contains(&"getdomainname")
    );
}
