//! Turns the folder of guests into tests: one for each guest and each form that it is built in.

use std::fmt::Write as _;
use std::{env, fs};

#[path = "src/directives.rs"]
#[expect(unreachable_pub, reason = "the same file is a module of the library")]
mod directives;

#[expect(
    clippy::disallowed_methods,
    reason = "a build script is asked through the environment and answers in a file"
)]
fn main() {
    println!("cargo::rerun-if-changed=guests");
    println!("cargo::rerun-if-changed=src/directives.rs");
    let mut names: Vec<String> = fs::read_dir("guests")
        .expect("tests/guests is there")
        .map(|entry| entry.expect("a folder entry").file_name())
        .map(|name| name.into_string().expect("a guest's name is UTF-8"))
        .collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        let source = fs::read_to_string(format!("guests/{name}")).expect("a guest is text");
        let directives = directives::Directives::parse(&name, &source)
            .unwrap_or_else(|problem| panic!("tests/guests/{name}: {problem}"));
        let module = name.replace('.', "_");
        writeln!(text, "mod {module} {{").expect("memory");
        for form in directives.forms {
            let test = form.word().replace('-', "_");
            writeln!(
                text,
                "    #[test]\n    fn {test}() {{\n        tests::native_first::check({name:?}, {:?});\n    }}",
                form.word()
            )
            .expect("memory");
        }
        text.push_str("}\n");
    }
    let out = env::var("OUT_DIR").expect("cargo gives OUT_DIR");
    fs::write(format!("{out}/guests.rs"), text).expect("OUT_DIR is writable");
}
