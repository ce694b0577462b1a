// Unwinds a panic, runs destructors on the way, and goes on.

struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

fn fail(depth: u32) -> u32 {
    let _guard = Guard(if depth == 0 { "inner" } else { "outer" });
    assert!(depth > 0, "deep enough");
    fail(depth - 1) + 1
}

fn main() {
    std::panic::set_hook(Box::new(|info| println!("hook: {}", info.payload().is::<&str>())));
    let result = std::panic::catch_unwind(|| fail(1));
    println!("caught {}", result.is_err());
}
