// Writes through a null pointer by a function of the standard library: the line is the program's, and the callers are told.
//@ stderr-has: SIGSEGV
//@ stderr-has: src/main.rs:10
//@ stderr-has: rust_fault::store
//@ stderr-has: called from `rust_fault::main` at
//@ stderr-has: src/main.rs:16
#[inline(never)]
fn store(target: *mut u32) {
    // SAFETY: none: it is null, which is what the test is about.
    unsafe { std::ptr::write_volatile(target, 7) }
}

fn main() {
    println!("before the fault");
    let values = [1_u32, 2, 3];
    values.iter().for_each(|value| if *value == 2 { store(std::ptr::null_mut()) });
    println!("never printed");
}
