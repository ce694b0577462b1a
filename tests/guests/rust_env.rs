// Reads and changes its environment.
//@ env: GUEST_NAME=a value

use std::env;

fn main() {
    println!("{:?} {:?}", env::var("GUEST_NAME"), env::var("GUEST_NONE").is_err());
    let mut ours: Vec<String> = env::vars().map(|(name, _)| name).filter(|name| name.starts_with("GUEST_")).collect();
    ours.sort();
    println!("{ours:?}");
    // SAFETY: there is one thread.
    unsafe { env::set_var("GUEST_NAME", "changed") };
    println!("{:?}", env::var("GUEST_NAME"));
}
