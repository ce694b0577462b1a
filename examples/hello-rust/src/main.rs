//! Prints the file that its argument names.

use std::{env, fs, io};

fn main() -> io::Result<()> {
    let path = env::args().nth(1).ok_or(io::ErrorKind::InvalidInput)?;
    print!("{}", fs::read_to_string(path)?);
    Ok(())
}
