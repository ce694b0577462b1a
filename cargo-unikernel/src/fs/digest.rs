//! Digests that people compare.

use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{failed, open};
use crate::error::Result;

/// The SHA-256 of a file's content, in hexadecimal digits.
///
/// # Errors
/// When it can't be read.
pub fn sha256(path: &Path) -> Result<String> {
    let mut file = open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n_read = file
            .read(&mut buffer)
            .map_err(|error| failed("read", path, &error))?;
        match buffer.get(..n_read) {
            Some([]) | None => break,
            Some(bytes) => digest.update(bytes),
        }
    }
    Ok(hexadecimal(&digest.finalize()))
}

/// The SHA-256 of these bytes, in hexadecimal digits.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
