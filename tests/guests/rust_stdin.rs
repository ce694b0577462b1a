// Reads standard input by lines, then the rest.
//@ stdin: first\nsecond\nrest of\nit

use std::io::{self, BufRead, IsTerminal, Read};

fn main() -> io::Result<()> {
    let stdin = io::stdin();
    println!("terminal {} {}", stdin.is_terminal(), io::stdout().is_terminal());
    for (number, line) in stdin.lock().lines().take(2).enumerate() {
        println!("{number} {}", line?);
    }
    let mut rest = String::new();
    stdin.lock().read_to_string(&mut rest)?;
    println!("{rest:?}");
    Ok(())
}
