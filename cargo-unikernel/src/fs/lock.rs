//! Locks on folders of artefacts: who writes there is alone, and clears away what a killed process has left.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use super::{TEMPORARY, create_folder, failed};
use crate::error::Result;

/// The file in a folder of artefacts that whoever writes there has locked.
const LOCK: &str = ".unikernel-lock";

/// A lock on a folder, given back when it is dropped, or when the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock on a folder, which is made where it is missing; `waiting` is called first if another process has it.
///
/// # Errors
/// When the folder or the lock in it can't be made.
pub fn lock(folder: &Path, waiting: impl FnOnce()) -> Result<Lock> {
    create_folder(folder)?;
    let path = folder.join(LOCK);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| failed("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => remove_leftovers(folder),
        Err(TryLockError::WouldBlock) => {
            waiting();
            file.lock().map_err(|error| failed("lock", &path, &error))?;
        }
        // Some network file systems have no locks; cargo builds there too.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(failed("lock", &path, &error)),
    }
    Ok(Lock { _file: file })
}

/// Removes the temporary files in a folder that nobody is writing: whoever writes one has locked it. What can't be looked at or
/// removed stays: it is in nobody's way.
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_temporary = name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_temporary && is_file && name != LOCK {
            let left = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
            if left {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".unikernel-left", ".unikernel-busy", "image.elf"] {
            fs::write(at(name), name).unwrap();
        }
        let busy = File::open(at(".unikernel-busy")).unwrap();
        busy.lock().unwrap();
        let lock = lock(folder.path(), || {}).unwrap();
        drop(lock);
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [".unikernel-busy", LOCK, "image.elf"]);
    }
}
