// Lists a folder.
//@ file: data/b = 1
//@ file: data/a = 22
//@ file: data/sub/c = 333

use std::fs;
use std::io;

fn main() -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir("data")? {
        let entry = entry?;
        let kind = entry.file_type()?;
        entries.push((entry.file_name(), kind.is_dir(), if kind.is_file() { entry.metadata()?.len() } else { 0 }));
    }
    entries.sort();
    for entry in entries {
        println!("{entry:?}");
    }
    println!("{:?}", fs::read_dir("none").map(|_| ()).map_err(|error| error.kind()));
    Ok(())
}
