// Reads both clocks and sleeps.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    println!("slept {}", start.elapsed() >= Duration::from_millis(20));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs());
    println!("after 2024 {}", since.is_ok_and(|seconds| seconds > 1_704_067_200));
    println!("elapsed {}", SystemTime::now().elapsed().is_ok());
}
