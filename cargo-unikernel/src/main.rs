//! The command: words in, an exit status out.

use cargo_unikernel::cli::{self, Exit};
use cargo_unikernel::env;

fn main() -> Exit {
    cli::main(env::args())
}
