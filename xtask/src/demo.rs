//! `cargo xtask demo`: from a clone to two booted programs, each command shown as one would type it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::install;
use crate::workspace::{self, cargo};

const HELLO: &str = "#include <stdio.h>

int main(int argc, char **argv)
{
    printf(\"Hello from C, %s!\\n\", argc > 1 ? argv[1] : \"world\");
    return 0;
}
";

const MANIFEST: &str = "name = \"note\"
link = \"static-pie\"
args = [\"/etc/note\"]

[env]
READER = \"the demo\"

[files]
\"/etc/note\" = \"note.txt\"

[build]
sources = [\"note.c\"]
";

const NOTE: &str = "#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char line[80];
    FILE *file = fopen(argv[argc - 1], \"r\");
    if (!file)
        return 1;
    while (fgets(line, sizeof line, file))
        printf(\"%s reads: %s\", getenv(\"READER\"), line);
    return 42;
}
";

/// Boots a C program, a Rust program, and one with a manifest.
///
/// # Errors
/// When anything is missing or not as it should be.
pub(crate) fn run() -> Result<()> {
    install::install(&install::TO_BOOT)?;
    println!("$ cargo build --release --package cargo-unikernel");
    let start = Instant::now();
    let built = workspace::build(workspace::Profile::Release)?;
    let building = start.elapsed();
    let folder = tempfile::Builder::new()
        .prefix("unikernel-demo-")
        .tempdir()
        .map_err(|error| Error::failed(format!("a temporary folder: {error}")))?;
    let demo = Demo::new(folder.path().to_owned(), &built.tool)?;
    let start = Instant::now();
    demo.c_program()?;
    demo.rust_program()?;
    demo.manifest()?;
    println!(
        "\ntool built in {:.1} s, three programs built and booted in {:.1} s",
        building.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
    println!(
        "next: cargo install --path cargo-unikernel, then `cargo unikernel run` in a package of yours"
    );
    Ok(())
}

struct Demo {
    folder: PathBuf,
    /// `PATH` with the tool's folder in front: cargo finds its subcommand there.
    path: std::ffi::OsString,
}

impl Demo {
    fn new(folder: PathBuf, tool: &Path) -> Result<Self> {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let own = tool.parent().map(Path::to_owned);
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&old)))
            .map_err(|error| Error::failed(format!("PATH: {error}")))?;
        Ok(Self { folder, path })
    }

    fn c_program(&self) -> Result<()> {
        println!("\n# A C program: no manifest, no build system");
        self.file("hello/hello.c", HELLO)?;
        self.cargo(
            "hello",
            &["unikernel", "run", "hello.c", "--", "demo"],
            0,
            "Hello from C, demo!\n",
        )
    }

    fn rust_program(&self) -> Result<()> {
        println!("\n# A Rust program: what `cargo new` makes, as it is");
        self.cargo("", &["new", "--quiet", "--vcs", "none", "greeter"], 0, "")?;
        self.cargo("greeter", &["unikernel", "run"], 0, "Hello, world!\n")
    }

    fn manifest(&self) -> Result<()> {
        println!("\n# With a manifest: files, arguments, environment, an exit status of its own");
        self.file("note/note.c", NOTE)?;
        self.file("note/note.txt", "remember the milk\n")?;
        self.file("note/Unikernel.toml", MANIFEST)?;
        println!("$ cat Unikernel.toml\n{}", MANIFEST.trim_end());
        self.cargo(
            "note",
            &["unikernel", "run"],
            42,
            "the demo reads: remember the milk\n",
        )
    }

    fn file(&self, path: &str, content: &str) -> Result<()> {
        let target = self.folder.join(path);
        let made = target.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&target, content))
            .map_err(|error| Error::failed(format!("writing `{}`: {error}", target.display())))
    }

    /// Runs cargo as a user would, shows command and output, and compares.
    fn cargo(&self, folder: &str, args: &[&str], status: i32, stdout: &str) -> Result<()> {
        println!("$ cargo {}", args.join(" "));
        let start = Instant::now();
        let mut call = Call::new(cargo(), args)
            .folder(&self.folder.join(folder))
            .env("PATH", &self.path);
        // What this cargo was told about its own package is not about the user's.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG_")
                || name == "CARGO_MANIFEST_DIR"
                || name == "CARGO_TARGET_DIR"
            {
                call = call.without_env(&name);
            }
        }
        let output = call.output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        print!("{printed}");
        println!(
            "# status {}, {:.2} s",
            output.status.code().unwrap_or(-1),
            start.elapsed().as_secs_f64()
        );
        if printed != stdout {
            return Err(Error::failed(format!("`{stdout}` was expected on stdout")));
        }
        if output.status.code() != Some(status) {
            return Err(Error::failed(format!("status {status} was expected")));
        }
        Ok(())
    }
}
