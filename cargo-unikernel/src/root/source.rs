//! Content of a file in the root tree: bytes now, or a host file of known length later.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Content of a file. A host file is read when the archive is written; one whose length has changed by then is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// The content of a host file.
    HostFile {
        /// Where it lies.
        path: PathBuf,
        /// Its length in bytes when the tree was planned.
        len: u64,
    },
    /// A part of a host file: one file of a tar file.
    HostPart {
        /// Where the whole lies.
        path: PathBuf,
        /// Offset of the part.
        at: u64,
        /// Length of the part in bytes.
        len: u64,
    },
}

impl Source {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::HostFile { len, .. } | Self::HostPart { len, .. } => *len,
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The host file that it is the whole of, if it is one.
    #[must_use]
    pub fn host_path(&self) -> Option<&Path> {
        match self {
            Self::Bytes(_) | Self::HostPart { .. } => None,
            Self::HostFile { path, .. } => Some(path),
        }
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}
