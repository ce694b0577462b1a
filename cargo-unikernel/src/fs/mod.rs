//! The door to files: every error names the path and what was being done to it.
//!
//! Writes go to a temporary file in the same folder, which is renamed when it is complete: nothing half-written is ever left
//! behind, and a file whose content would not change keeps its times.
#![expect(clippy::disallowed_methods, reason = "this is the door to files")]

mod digest;
mod lock;
mod partial;
mod stamp;

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
pub use digest::{sha256, sha256_of};
pub use lock::{Lock, lock};
pub use partial::Partial;
pub use stamp::{Stamp, stamp};

/// What the names of temporary files begin with.
const TEMPORARY: &str = ".unikernel-";

/// Whether [`write_atomically`] had to touch the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The file is new or has new content.
    Changed,
    /// The file already had this content and was left alone.
    Unchanged,
}

/// The whole content of a file.
///
/// # Errors
/// When it can't be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| failed("read", path, &error))
}

/// The whole content of a file of at most `limit` bytes.
///
/// # Errors
/// When it can't be read, is no regular file, or is longer.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>> {
    read_first(&open_at_most(path, limit)?, path, limit)
}

/// Opens a file of at most `limit` bytes.
///
/// # Errors
/// When it can't be opened, is no regular file, or is longer.
pub fn open_at_most(path: &Path, limit: u64) -> Result<File> {
    let file = open(path)?;
    let metadata = file
        .metadata()
        .map_err(|error| failed("read", path, &error))?;
    if !metadata.is_file() {
        return Err(Error::input(format!(
            "can't read `{}`: it is no regular file",
            path.display()
        )));
    }
    if metadata.len() > limit {
        return Err(Error::input(format!(
            "can't read `{}`: it has {} bytes, more than the {limit} that are allowed here",
            path.display(),
            metadata.len()
        )));
    }
    Ok(file)
}

/// The first `len` bytes of the file that was opened at `path`, or all of it when it is shorter.
///
/// # Errors
/// When it can't be read.
pub fn read_first(mut file: &File, path: &Path, len: u64) -> Result<Vec<u8>> {
    let failed = |error| failed("read", path, &error);
    let file_len = file.metadata().map_err(failed)?.len();
    // Room for all of it at once: growing would touch twice the memory.
    let room = usize::try_from(file_len.min(len)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(room);
    file.rewind().map_err(failed)?;
    file.take(len).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The whole content of a text file.
///
/// # Errors
/// When it can't be read or is no UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|error| Error::input(format!("can't read `{}`: {error}", path.display())))
}

/// Opens a file for reading.
///
/// # Errors
/// When it can't be opened.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| failed("open", path, &error))
}

/// Gives `path` the content that `write` puts into the file it is handed. The folder above is made where it is missing.
///
/// # Errors
/// What `write` says; or when the folder, the temporary file or the rename fails. The old file is then as it was.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<()>,
) -> Result<Written> {
    let folder = folder_of(path);
    create_folder(folder)?;
    let mut temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| failed("write", path, &error))?;
    // Tells it from what a killed process has left; a file system without locks has no such order, and needs none.
    let _ = temporary.as_file().try_lock();
    write(temporary.as_file_mut())?;
    temporary
        .as_file_mut()
        .flush()
        .map_err(|error| failed("write", path, &error))?;
    if same_content(temporary.path(), path) {
        return Ok(Written::Unchanged);
    }
    temporary
        .persist(path)
        .map_err(|error| failed("write", path, &error.error))?;
    Ok(Written::Changed)
}

/// Gives `path` these bytes, as [`write_atomically`] does.
///
/// # Errors
/// When it can't be written.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<Written> {
    if File::open(path).is_ok_and(|file| holds(file, bytes)) {
        return Ok(Written::Unchanged);
    }
    write_atomically(path, |file| {
        file.write_all(bytes)
            .map_err(|error| failed("write", path, &error))
    })
}

/// Makes a folder and those above it; one that is there is fine.
///
/// # Errors
/// When it can't be made.
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| failed("make the folder", path, &error))
}

/// Makes a folder with these files (path in it, content), whole or not at all.
///
/// # Errors
/// When something that is no empty folder is there already, or a file can't be written.
pub fn new_folder<'a>(
    path: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<()> {
    let above = folder_of(path);
    create_folder(above)?;
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(above)
        .map_err(|error| failed("make the folder", path, &error))?;
    for (name, bytes) in files {
        write_bytes(&temporary.path().join(name), bytes)?;
    }
    fs::rename(temporary.path(), path).map_err(|error| failed("make the folder", path, &error))?;
    // It has moved: nothing is left to be removed.
    let _ = temporary.keep();
    Ok(())
}

/// The names in a folder, sorted.
///
/// # Errors
/// When it can't be read, or a name is no UTF-8.
pub fn list(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| failed("list", folder, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", folder, &error))?;
        names.push(entry.file_name().into_string().map_err(|name| {
            Error::input(format!(
                "can't list `{}`: the name `{}` is not UTF-8",
                folder.display(),
                name.display()
            ))
        })?);
    }
    names.sort();
    Ok(names)
}

/// What the file system says about a path, links followed.
///
/// # Errors
/// When there is none, or it can't be reached.
pub fn metadata(path: &Path) -> Result<Metadata> {
    fs::metadata(path).map_err(|error| failed("find", path, &error))
}

/// What the file system says about a path itself, a link not followed.
///
/// # Errors
/// When there is none, or it can't be reached.
pub fn link_metadata(path: &Path) -> Result<Metadata> {
    fs::symlink_metadata(path).map_err(|error| failed("find", path, &error))
}

/// Where a symbolic link points, as it is written.
///
/// # Errors
/// When it is none, or can't be read.
pub fn link_target(path: &Path) -> Result<PathBuf> {
    fs::read_link(path).map_err(|error| failed("read the link", path, &error))
}

/// The length of a file in bytes.
///
/// # Errors
/// When there is none, or it can't be reached.
pub fn len(path: &Path) -> Result<u64> {
    metadata(path).map(|metadata| metadata.len())
}

/// Whether something is there, links followed.
#[must_use]
pub fn exists(path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

/// Whether a regular file is there, links followed.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether a folder is there, links followed.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// A new folder among the host's temporary files, which goes with the value.
///
/// # Errors
/// When it can't be made.
pub fn scratch_folder() -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("unikernel-")
        .tempdir()
        .map_err(|error| failed("make a folder in", &std::env::temp_dir(), &error))
}

/// The absolute path with all links resolved.
///
/// # Errors
/// When there is nothing.
pub fn canonical(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(|error| failed("find", path, &error))
}

/// The absolute path, links kept; nothing need be there.
///
/// # Errors
/// When the working folder is gone.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| failed("find", path, &error))
}

/// The working folder.
///
/// # Errors
/// When it is gone.
pub fn working_folder() -> Result<PathBuf> {
    std::env::current_dir()
        .map_err(|error| Error::input(format!("can't find the working folder: {error}")))
}

/// Goes to another working folder, for all of the process.
///
/// # Errors
/// When there is none.
pub fn enter(folder: &Path) -> Result<()> {
    std::env::set_current_dir(folder).map_err(|error| failed("enter", folder, &error))
}

/// Where this program itself lies, links resolved.
///
/// # Errors
/// When the system does not tell.
pub fn own_program() -> Result<PathBuf> {
    let path = std::env::current_exe()
        .map_err(|error| Error::input(format!("can't find this program's own file: {error}")))?;
    canonical(&path)
}

/// Removes a file; one that is not there is fine.
///
/// # Errors
/// When it can't be removed.
pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Removes a folder with all it holds; one that is not there is fine.
///
/// # Errors
/// When something in it can't be removed.
pub fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Makes a file executable for all who may read it.
///
/// # Errors
/// When its permissions can't be changed.
pub fn make_program(path: &Path) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o755))
        .map_err(|error| failed("make executable", path, &error))
}

/// The error for something that did not work on a file: ``can't VERB `PATH`: CAUSE``.
#[must_use]
pub fn failed(verb: &str, path: &Path, cause: &io::Error) -> Error {
    Error::input(format!(
        "can't {verb} `{}`: {}",
        path.display(),
        plain(cause)
    ))
}

/// The cause in lower case, without the number that `io::Error` adds.
fn plain(cause: &io::Error) -> String {
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a file has exactly these bytes.
fn holds(mut file: File, bytes: &[u8]) -> bool {
    if !file
        .metadata()
        .is_ok_and(|metadata| metadata.len() == bytes.len() as u64)
    {
        return false;
    }
    let mut buffer = vec![0; (1 << 16).min(bytes.len().max(1))];
    bytes.chunks(buffer.len()).all(|bytes| {
        let found = buffer.get_mut(..bytes.len());
        found.is_some_and(|found| file.read_exact(found).is_ok() && *found == *bytes)
    })
}

/// Whether both files are there and equal; any doubt is a no, and then the file is written.
fn same_content(new: &Path, old: &Path) -> bool {
    let (Ok(new), Ok(old)) = (File::open(new), File::open(old)) else {
        return false;
    };
    let lengths = (
        new.metadata().map(|m| m.len()),
        old.metadata().map(|m| m.len()),
    );
    let (Ok(new_len), Ok(old_len)) = lengths else {
        return false;
    };
    if new_len != old_len {
        return false;
    }
    let (mut new, mut old) = (
        BufReader::with_capacity(1 << 16, new),
        BufReader::with_capacity(1 << 16, old),
    );
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let Ok(n_read) = new.read(&mut left) else {
            return false;
        };
        if n_read == 0 {
            return true;
        }
        let (Some(left), Some(right)) = (left.get(..n_read), right.get_mut(..n_read)) else {
            return false;
        };
        if old.read_exact(right).is_err() || left != right {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_content_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        assert_eq!(write_bytes(&path, b"one").unwrap(), Written::Changed);
        assert_eq!(write_bytes(&path, b"one").unwrap(), Written::Unchanged);
        assert_eq!(write_bytes(&path, b"two").unwrap(), Written::Changed);
        assert_eq!(read(&path).unwrap(), b"two");
    }

    #[test]
    fn failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_bytes(&path, b"old").unwrap();
        let failed = write_atomically(&path, |file| {
            file.write_all(b"ne").unwrap();
            Err(Error::input("disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "disk is full");
        assert_eq!(list(folder.path()).unwrap(), ["file"]);
        assert_eq!(read(&path).unwrap(), b"old");
    }

    #[test]
    fn error_names_path_and_intent() {
        let error = read(Path::new("/nowhere/file")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "can't read `/nowhere/file`: no such file or directory"
        );
    }

    #[test]
    fn too_long_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_bytes(&path, b"12345").unwrap();
        assert_eq!(read_at_most(&path, 5).unwrap(), b"12345");
        assert!(read_at_most(&path, 4).is_err());
    }
}
