// Uses the heap: maps with random keys, large vectors, strings, reference counts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

fn main() {
    let mut squares = HashMap::new();
    for number in 0_u64..20_000 {
        squares.insert(number.to_string(), number * number);
    }
    println!("{} {:?} {}", squares.len(), squares.get("123"), squares.values().sum::<u64>());
    let sorted: BTreeMap<&str, u64> = squares.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    println!("{:?}", sorted.iter().take(3).collect::<Vec<_>>());
    let mut large = vec![0_u8; 32 << 20];
    large.extend_from_slice(&[1; 1000]);
    println!("{} {}", large.len(), large.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    let mut queue: VecDeque<Rc<String>> = (0..100).map(|i| Rc::new(format!("{i:03}"))).collect();
    queue.rotate_left(30);
    println!("{:?} {}", queue.front(), queue.iter().map(Rc::strong_count).sum::<usize>());
    println!("{:.5} {:e} {}", 1.0_f64 / 3.0, 12345.678_f64, f64::MAX);
}
