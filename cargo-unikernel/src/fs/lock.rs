//! Locks on folders of artefacts: who writes there is alone.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::{create_folder, failed};
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
        Ok(()) => {}
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
