//! Files that are no program, or none for this machine.

use std::fs;

use tests::process::Call;

use super::{MAIN, check};
use crate::commands::c_program;

#[test]
fn programs() {
    let project = c_program(MAIN);
    let compile = |args: &[&str]| {
        let call = Call::new("gcc").args(args.iter().copied());
        call.folder(project.folder()).run().expect_status(0);
    };
    compile(&["-o", "whole", "program.c"]);
    compile(&["-c", "-o", "object.o", "program.c"]);
    project.write("none.c", "int f(void) { return 0; }\n");
    compile(&[
        "-shared",
        "-fPIC",
        "-nostartfiles",
        "-o",
        "none.so",
        "none.c",
    ]);
    let whole = fs::read(project.path("whole")).expect("it was compiled");
    project.write("cut", &whole[..whole.len() / 3]);
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    project.write("narrow", changed(4, 1));
    project.write("arm", changed(18, 183));
    project.write("text", "hello");
    project.write("script", "#!/bin/sh\n");
    project.write("empty", "");
    for (name, texts) in [
        (
            "cut",
            &[
                "can't use `",
                "/cut`",
                "broken ELF file: a segment reaches beyond the end",
            ][..],
        ),
        ("text", &["can't use `", "/text`", "not an ELF file"]),
        ("script", &["/script`", "not an ELF file but a script"]),
        ("empty", &["/empty`", "not an ELF file: it is empty"]),
        (
            "narrow",
            &["error[UK011]: the program is for 32-bit", "/narrow\n"],
        ),
        (
            "arm",
            &[
                "error[UK011]: the program is for 64-bit aarch64",
                "/arm\n",
                "build it for x86-64",
            ],
        ),
        (
            "object.o",
            &[
                "error[UK011]: the program is an object file that is not linked",
                "/object.o\n",
                "help: link it",
            ],
        ),
        (
            "none.so",
            &[
                "error[UK011]: the shared object exports no `main` and has no entry point of its own",
                "/none.so\n",
                "help: give it a `main`",
            ],
        ),
        ("nothing", &["can't open `", "/nothing`: no such file"]),
    ] {
        check(&project, &["--binary", name], texts);
    }
}

#[test]
fn code_that_would_be_changed_when_it_is_relocated() {
    let source = "__asm__(\".text\\n.quad main\\n\"); int main(void) { return 0; }\n";
    let project = c_program(source);
    let args = [
        "-shared",
        "-fPIC",
        "-Wl,-z,notext",
        "-o",
        "moved.so",
        "program.c",
    ];
    let call = Call::new("gcc").args(args).folder(project.folder());
    call.run().expect_status(0);
    let texts = [
        "error[UK012]: `moved.so` has text relocations",
        "/moved.so\n",
        "compile all of it with `-fPIC`",
        "`moved.so` can't run on `builtin`: the lint found 1 error",
    ];
    check(&project, &["--binary", "moved.so"], &texts);
}
