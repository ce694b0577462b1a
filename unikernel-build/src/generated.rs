//! The main function that boots an image: what `include!(env!("UNIKERNEL_NAME_MAIN"))` brings in.

/// The source of a main that boots `image` with the program's own arguments, through `tool` or whatever `CARGO_UNIKERNEL`
/// names when it runs, and ends with the guest's status.
pub(crate) fn main_source(image: &str, tool: &str) -> String {
    format!(
        r#"/// Boots the image that the build script made, and ends with the guest's status.
fn main() -> ::std::process::ExitCode {{
    let image = {image:?};
    let tool = ::std::env::var_os("CARGO_UNIKERNEL").unwrap_or_else(|| {tool:?}.into());
    let mut command = ::std::process::Command::new(&tool);
    command.args(["run", "--image", image, "--"]).args(::std::env::args_os().skip(1));
    // Replaces this process, so that signals reach the one that owns the guest.
    let error = ::std::os::unix::process::CommandExt::exec(&mut command);
    eprintln!("error: booting `{{image}}`: starting `{{}}`: {{error}}", tool.display());
    ::std::process::ExitCode::from(125)
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_as_rust_text() {
        let source = main_source("/out/a \"b\".elf", "/bin/cargo-unikernel");
        assert!(
            source.contains(r#"let image = "/out/a \"b\".elf";"#),
            "{source}"
        );
    }
}
