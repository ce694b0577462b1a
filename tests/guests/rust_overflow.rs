// Runs out of stack: the standard library's handler, on its own stack, says so and aborts.
//@ stderr-has: has overflowed its stack
//@ stderr-has: SIGABRT
//@ compare: stdout status
fn down(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    if room[0] == u64::MAX {
        return 0;
    }
    down(depth + 1) + room[1]
}

fn main() {
    println!("{}", down(0));
}
