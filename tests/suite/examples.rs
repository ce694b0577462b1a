//! Every folder of `examples/`: it prints what its `expected.txt` says. The folder is the list.

use std::fs;

use tests::cli::Cli;
use tests::project::Project;
use tests::workspace;

/// Examples that end by a signal, and the status that they therefore have.
const STATUS: [(&str, i32); 1] = [("fault", 139)];

#[test]
fn each_prints_what_it_promises() {
    let files = workspace::files();
    let mut names: Vec<&str> = files
        .iter()
        .filter_map(|path| path.strip_prefix("examples/")?.split_once('/'))
        .map(|(name, _)| name)
        .collect();
    names.dedup();
    assert!(!names.is_empty(), "no examples");
    for name in names {
        let prefix = format!("examples/{name}/");
        let project = Project::new();
        for path in files.iter().filter_map(|path| path.strip_prefix(&prefix)) {
            let content = fs::read(workspace::root().join(&prefix).join(path)).unwrap();
            project.write(path, content);
        }
        let status = STATUS.iter().find(|(known, _)| *known == name);
        let expected = fs::read_to_string(project.path("expected.txt")).unwrap();
        Cli::new(project.folder(), ["run", "--quiet", "--accel", "tcg"])
            .run()
            .expect_status(status.map_or(0, |(_, status)| *status))
            .expect_stdout(&expected);
    }
}
