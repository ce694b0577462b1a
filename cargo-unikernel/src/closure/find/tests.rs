//! What is found, and what is not.

use super::*;
use crate::tool::Invocation;

fn compile(folder: &Path, output: &str, source: &str, args: &[&str]) {
    fs::write_bytes(&folder.join("a.c"), source.as_bytes()).unwrap();
    fs::create_folder(folder.join(output).parent().unwrap()).unwrap();
    let run = Invocation::new("cc")
        .arg("-o")
        .arg(folder.join(output))
        .arg(folder.join("a.c"))
        .args(args)
        .folder(folder)
        .run_captured(None)
        .unwrap();
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{text}");
}

fn closure_of(path: &Path) -> Closure {
    let program = Program::open("app", path).unwrap();
    find(program, &Settings::default()).unwrap()
}

fn guest_paths(closure: &Closure) -> Vec<String> {
    let paths = closure
        .libraries
        .iter()
        .map(|library| library.guest.to_string());
    paths.collect()
}

#[test]
fn libraries_lie_where_the_guest_finds_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    compile(at, "lib/libb.so", "int b(void) { return 2; }", &["-shared"]);
    // The second needs the first, which only the program's inherited RPATH leads to.
    let args = ["-shared", "-Llib", "-lb"];
    compile(
        at,
        "lib/liba.so",
        "int b(void); int a(void) { return b(); }",
        &args,
    );
    let source = "int a(void); int main(void) { return a(); }";
    let origin = "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../lib,-rpath-link,lib";
    compile(at, "bin/app", source, &["-Llib", "-la", origin]);
    let closure = closure_of(&at.join("bin/app"));
    assert_eq!(closure.missing, []);
    assert_eq!(
        guest_paths(&closure),
        [
            "/lib/liba.so",
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib/libb.so"
        ]
    );
    assert_eq!(closure.libraries[2].needed_by, ["app", "liba.so"]);
    assert!(matches!(closure.interpreter, Interpreter::Found(_)));
}

#[test]
fn missing_library_says_who_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    compile(
        at,
        "gone/libb.so",
        "int b(void) { return 2; }",
        &["-shared"],
    );
    let args = ["-shared", "-Lgone", "-lb"];
    compile(
        at,
        "lib/liba.so",
        "int b(void); int a(void) { return b(); }",
        &args,
    );
    let source = "int a(void); int main(void) { return a(); }";
    let origin = "-Wl,-rpath,$ORIGIN/lib,-rpath-link,gone";
    compile(at, "app", source, &["-Llib", "-la", origin]);
    let closure = closure_of(&at.join("app"));
    let missing = &closure.missing[0];
    assert_eq!((&missing.name[..], closure.missing.len()), ("libb.so", 1));
    assert_eq!(missing.needed_by, ["app", "liba.so"]);
    // RUNPATH is the program's alone (ld.so(8)).
    assert!(
        !missing
            .looked_in
            .iter()
            .any(|place| place.contains("$ORIGIN/lib"))
    );
}

#[test]
fn sysroot_is_never_left() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    compile(at, "root/usr/bin/app", "int main(void) { return 0; }", &[]);
    let program = Program::open("app", &at.join("root/usr/bin/app")).unwrap();
    let settings = Settings {
        sysroot: Sysroot::new(&at.join("root")).unwrap(),
    };
    let closure = find(program, &settings).unwrap();
    assert_eq!(closure.program_path.to_string(), "/usr/bin/app");
    assert!(matches!(closure.interpreter, Interpreter::Missing(_)));
    assert_eq!(closure.missing.len(), 1);
}

#[test]
fn shared_object_gets_a_launcher_and_libc() {
    let folder = tempfile::tempdir().unwrap();
    let source = "int main(void) { return 0; }";
    compile(
        folder.path(),
        "app.so",
        source,
        &["-shared", "-nostdlib", "-fPIC"],
    );
    let closure = closure_of(&folder.path().join("app.so"));
    assert!(closure.launcher.is_some());
    assert_eq!(guest_paths(&closure), ["/lib/x86_64-linux-gnu/libc.so.6"]);
}

#[test]
fn musl_answers_for_libc_itself() {
    assert!(is_musl_own("libc.so") && is_musl_own("libc.musl-x86_64.so.1"));
    assert!(is_musl_own("libpthread.so.0") && !is_musl_own("libcap.so.2"));
}
