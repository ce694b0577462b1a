//! `cargo unikernel kernel`: the kernels that the user has brought, and what there is to know about kernels.

mod stored;
mod support;

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::shell::Shell;
use crate::error::Result;
use crate::store;

/// What is asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Store a kernel: from a file, a folder or a tar archive, each perhaps compressed by gzip
    Add {
        /// What holds the kernel's files; they are told by their content
        path: PathBuf,
        /// What to call it
        #[arg(long, default_value = store::DEFAULT)]
        name: String,
    },
    /// Fetch a file or archive from the web, compare its digest, and store the kernel that is in it
    Fetch(FetchArgs),
    /// List the kernels that are stored, a line a file: kernel, file, SHA-256, bytes, where it came from
    List,
    /// Print where a kernel lies, or one of its files
    Path {
        /// KIND, or KIND/NAME
        kernel: String,
        /// One of its files, such as `loader.img`
        file: Option<String>,
    },
    /// Remove a kernel from the store
    Remove {
        /// KIND/NAME; KIND is enough where there is one of it
        kernel: String,
    },
    /// Tell what a kernel supports: system calls, and symbols where it is the C library
    Support {
        /// The kernel; without it, how much each supports
        kernel: Option<String>,
    },
}

/// What is fetched.
#[derive(Debug, clap::Args)]
struct FetchArgs {
    /// Where it lies: an address of http or https
    url: String,
    /// The SHA-256 that it must have
    #[arg(long, value_name = "HEX", value_parser = store::parse_digest)]
    sha256: String,
    /// What to call it
    #[arg(long, default_value = store::DEFAULT)]
    name: String,
    /// Ask this address instead, which holds files by host and path ($UNIKERNEL_MIRROR)
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Don't use the network
    #[arg(long)]
    offline: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such kernel, or none that can be read, stored or fetched.
pub fn run(args: &Args, shell: &Shell) -> Result<Exit> {
    match &args.command {
        Command::Add { path, name } => stored::add(path, name, shell)?,
        Command::Fetch(args) => stored::fetch(args, shell)?,
        Command::List => stored::list(shell)?,
        Command::Path { kernel, file } => stored::path(kernel, file.as_deref(), shell)?,
        Command::Remove { kernel } => stored::remove(kernel, shell)?,
        Command::Support { kernel } => support::tell(kernel.as_deref(), shell)?,
    }
    Ok(Exit::Done)
}
