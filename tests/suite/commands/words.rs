//! What is made of the command line's own words: completions and manual pages.

use tests::cli::Cli;
use tests::project::Project;

#[test]
fn every_shell_gets_a_script_that_names_the_commands() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let printed = Cli::new(project.folder(), ["completions", shell]).run();
        let text = printed.expect_status(0).stdout_text();
        assert!(
            text.contains("inspect") && text.contains("kernel-file"),
            "{printed}"
        );
    }
    Cli::new(project.folder(), ["completions", "dos"])
        .run()
        .expect_status(2);
}

#[test]
fn tool_and_commands_have_manual_pages() {
    let project = Project::new();
    let page = Cli::new(project.folder(), ["man"]).run();
    let text = page.expect_status(0).stdout_text();
    assert!(text.contains(".TH") && text.contains("inspect"), "{page}");
    let page = Cli::new(project.folder(), ["man", "run"]).run();
    let text = page.expect_status(0).stdout_text();
    assert!(text.contains("accel"), "{page}");
    Cli::new(project.folder(), ["man", "sing"])
        .run()
        .expect_status(1)
        .expect_stderr_has("sing");
}
