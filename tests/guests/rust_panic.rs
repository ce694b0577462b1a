// Panics: status 101, the message and the place on stderr.
//@ stderr-has: the invariant is gone
//@ stderr-has: panicked at
//@ compare: stdout status

fn main() {
    println!("before");
    let nothing: Option<u32> = None;
    nothing.expect("the invariant is gone");
}
