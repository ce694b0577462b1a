// Finds its own file, and its working folder.

fn main() {
    let own = std::env::current_exe();
    println!("{:?}", own.as_ref().ok().and_then(|path| path.file_name()));
    println!("an ELF {}", own.and_then(std::fs::read).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF")));
    println!("{}", std::env::current_dir().is_ok_and(|folder| folder.is_absolute()));
}
