//! The templates of `cargo unikernel`, as data: what each folder beside this one holds. The tool gives it its meaning.
//!
//! How to add one: a folder with a `template.toml`; the folder is the list. A package inside a package is left out when that is
//! published, so no file of a template is called `Cargo.toml`: it is `Cargo.toml.in`.
#![forbid(unsafe_code)]

/// A template's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: &'static str,
    /// Path in the folder, and text, of each file; sorted.
    pub files: &'static [(&'static str, &'static str)],
}

/// All templates' folders, by name.
pub static FOLDERS: &[Folder] = include!(concat!(env!("OUT_DIR"), "/folders.rs"));

#[cfg(test)]
mod tests {
    use super::FOLDERS;

    #[test]
    fn folders_are_sorted_and_each_has_its_facts() {
        assert!(FOLDERS.is_sorted_by_key(|folder| folder.name));
        assert!(!FOLDERS.is_empty());
        for folder in FOLDERS {
            let names: Vec<&str> = folder.files.iter().map(|(path, _)| *path).collect();
            assert!(names.contains(&"template.toml"), "{}", folder.name);
            assert!(!names.contains(&"Cargo.toml"), "{}", folder.name);
        }
    }
}
