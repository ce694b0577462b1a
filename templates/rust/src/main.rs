//! Prints a greeting from a file.

use std::{env, fs, io};

fn main() -> io::Result<()> {
    let path = env::args().nth(1).unwrap_or_else(|| "greeting.txt".to_owned());
    print!("{}", fs::read_to_string(path)?);
    Ok(())
}
