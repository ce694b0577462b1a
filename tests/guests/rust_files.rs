// Uses `std::fs`: files of the image, files of its own, metadata, errors.
//@ file: data/text = one\ntwo\n
//@ forms: pie cdylib

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

fn main() -> io::Result<()> {
    for line in BufReader::new(File::open("data/text")?).lines() {
        println!("line {}", line?);
    }
    let mut writer = BufWriter::new(File::create("tmp/numbers")?);
    for number in 0..5000 {
        writeln!(writer, "{number}")?;
    }
    drop(writer);
    println!("{} bytes", fs::metadata("tmp/numbers")?.len());
    let mut file = OpenOptions::new().read(true).append(true).open("tmp/numbers")?;
    file.write_all(b"last\n")?;
    file.seek(SeekFrom::End(-10))?;
    let mut tail = String::new();
    file.read_to_string(&mut tail)?;
    println!("tail {tail:?}");
    file.set_len(3)?;
    println!("cut to {:?}", fs::read_to_string("tmp/numbers")?);
    fs::rename("tmp/numbers", "tmp/renamed")?;
    println!("{:?}", File::open("tmp/numbers").map_err(|error| error.kind()).err());
    println!("copied {}", fs::copy("data/text", "tmp/copy")?);
    fs::create_dir_all("tmp/a/b/c")?;
    fs::write("tmp/a/b/c/file", "deep")?;
    println!("{}", fs::metadata("tmp/a")?.is_dir());
    fs::remove_dir_all("tmp/a")?;
    println!("gone {}", !fs::exists("tmp/a")?);
    Ok(())
}
