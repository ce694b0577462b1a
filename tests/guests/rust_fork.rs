// Forks and starts a program when it is asked to: it is told who did that, and no one whose traces lie on the stack.
//@ native: no
//@ args: ask
//@ forms: pie cdylib
//@ stdout: fork: -1\nspawn: Some(38)\n
//@ stderr-has: UK001
//@ stderr-has: ::the_forker` at
//@ stderr-has: src/main.rs:20
//@ stderr-has: ::the_spawner` at
//@ stderr-has: ::main` at
use std::collections::BTreeMap;
use std::process::Command;

unsafe extern "C" {
    fn fork() -> i32;
}

#[inline(never)]
fn the_forker() -> i32 {
    unsafe { fork() }
}

#[inline(never)]
fn the_spawner() -> Option<i32> {
    let error = Command::new("/nothing").spawn().err()?;
    error.raw_os_error()
}

fn main() {
    let words: BTreeMap<String, usize> = (0..200).map(|n| (format!("{n:?}"), n)).collect();
    if std::env::args().any(|word| word == "ask") && words.len() == 200 {
        println!("fork: {}", the_forker());
        println!("spawn: {:?}", the_spawner());
    }
}
