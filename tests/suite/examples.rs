//! Every folder of `examples/`: it prints what its `expected.txt` says. The folder is the list.

use std::fs;

use tests::cli::Cli;
use tests::example;

/// Examples that end by a signal, and the status that they therefore have.
const STATUS: [(&str, i32); 1] = [("fault", 139)];

/// Those that have a build script are run by cargo, in the tests of the helper.
#[test]
fn each_prints_what_it_promises() {
    let names = example::names();
    for name in names.iter().filter(|name| !example::has_build_script(name)) {
        let project = example::copy(name);
        let status = STATUS.iter().find(|(known, _)| known == name);
        let expected = fs::read_to_string(project.path("expected.txt")).unwrap();
        Cli::new(project.folder(), ["run", "--quiet", "--accel", "tcg"])
            .run()
            .expect_status(status.map_or(0, |(_, status)| *status))
            .expect_stdout(&expected);
    }
}
