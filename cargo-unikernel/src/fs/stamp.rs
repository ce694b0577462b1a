//! What tells a file from what it was before.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::metadata;
use crate::error::Result;

/// Longer than the time between two ticks of a file system's clock.
const TICK: Duration = Duration::from_millis(20);

/// What tells a file from what it was before: it changes with every write.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Length in bytes.
    len: u64,
    /// Inode number: another file under the same name.
    inode: u64,
    /// Time of the last change of content or inode, in nanoseconds of the Unix epoch: unlike the time of modification it can't
    /// be set.
    changed: i128,
    /// Time of the last change of content.
    modified: i128,
}

impl Stamp {
    /// Whether the last change was so short ago that another one might have the same time.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| i128::try_from(now.as_nanos()).unwrap_or(0));
        now - self.changed.max(self.modified) < TICK.as_nanos().cast_signed()
    }

    /// Whether the last change was long enough ago that another one has another time; waits until it is, if that is soon. It
    /// never is for files from the future.
    #[must_use]
    pub fn settles(&self) -> bool {
        if self.is_fresh() {
            std::thread::sleep(TICK);
        }
        !self.is_fresh()
    }
}

/// The stamp of a file, links followed.
///
/// # Errors
/// When there is none, or it can't be reached.
pub fn stamp(path: &Path) -> Result<Stamp> {
    let metadata = metadata(path)?;
    let time = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    Ok(Stamp {
        len: metadata.len(),
        inode: metadata.ino(),
        changed: time(metadata.ctime(), metadata.ctime_nsec()),
        modified: time(metadata.mtime(), metadata.mtime_nsec()),
    })
}
