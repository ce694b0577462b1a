// Ends with the status that it is told.
//@ args: 0
//@ args: 7
//@ args: abort
//@ compare: stdout status

use std::process::ExitCode;

fn main() -> ExitCode {
    let how = std::env::args().nth(1).unwrap_or_default();
    println!("{how}");
    if how == "abort" {
        std::process::abort();
    }
    ExitCode::from(how.parse::<u8>().unwrap_or(99))
}
