//! Fetching: an address and the digest of what must lie there. A download that was cut off goes on where it ended.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fs::Partial;
use crate::progress::Progress;
use crate::web::{self, Reply};
use crate::{env, fs};

/// Longest download, in bytes: 1 GiB.
const MAX_LEN: u64 = 1 << 30;

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where it lies.
    pub url: String,
    /// Its SHA-256, in 64 hexadecimal digits.
    pub sha256: String,
    /// What to ask instead: `MIRROR/HOST/PATH`, as `wget --force-directories` lays files out.
    pub mirror: Option<String>,
    /// Whether the network is off limits.
    pub offline: bool,
}

/// A file that was fetched into the user's cache. Who else wants it waits until the value is gone.
#[derive(Debug)]
pub struct Fetched {
    path: PathBuf,
    _lock: fs::Lock,
}

impl Fetched {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it: it was put where it belongs.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn remove(self) -> Result<()> {
        fs::remove_file(&self.path)
    }
}

/// A digest as it is written: 64 hexadecimal digits, large or small.
///
/// # Errors
/// When it is none.
pub fn parse_digest(text: &str) -> std::result::Result<String, String> {
    let digest = text.trim().to_ascii_lowercase();
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(digest);
    }
    Err("a SHA-256 has 64 hexadecimal digits; `sha256sum FILE` prints one".to_owned())
}

/// Fetches a file into the user's cache; what is left of a download that was cut off stays for the next call.
///
/// # Errors
/// When the address is none, nobody answers, the download is cut off, or its digest is another.
pub fn fetch(request: &Request, progress: &dyn Progress) -> Result<Fetched> {
    let address = address(request)?;
    let cache = env::cache_folder().ok_or_else(|| {
        Error::input("there is no folder for downloads: neither HOME nor XDG_CACHE_HOME is set")
    })?;
    let downloads = cache.join("downloads");
    let lock = fs::lock(&downloads, || {
        progress.started("Blocking", "waiting for file lock on downloads");
    })?;
    let path = downloads.join(&request.sha256);
    let mut partial = Partial::open(&path)?;
    let fetched = Fetched { path, _lock: lock };
    if is_whole(&partial, request)? {
        return Ok(fetched);
    }
    if request.offline {
        return Err(Error::input(format!(
            "`{}` is not here, and --offline forbids to fetch it",
            request.url
        ))
        .hint("call again without --offline, or add a file: cargo unikernel kernel add FILE"));
    }
    progress.started("Downloading", &address);
    let resumed = receive(&address, &mut partial, progress)?;
    if !is_whole(&partial, request)? && resumed {
        progress.note("what was left of an earlier download does not fit: fetching all of it");
        partial.restart()?;
        receive(&address, &mut partial, progress)?;
    }
    if is_whole(&partial, request)? {
        return Ok(fetched);
    }
    let found = fs::sha256(partial.path())?;
    fetched.remove()?;
    Err(Error::input(format!(
        "what lies at `{address}` is not what is wanted: its SHA-256 is {found}, and not {}",
        request.sha256
    ))
    .hint("nothing was stored; compare the digest with what the kernel's project publishes"))
}

fn is_whole(partial: &Partial, request: &Request) -> Result<bool> {
    Ok(!partial.is_empty() && fs::sha256(partial.path())? == request.sha256)
}

/// Appends what is missing; tells whether it went on from what was there.
fn receive(address: &str, partial: &mut Partial, progress: &dyn Progress) -> Result<bool> {
    let mut reply = web::get(address, partial.len())?;
    if matches!(reply, Reply::AskForAll) {
        partial.restart()?;
        reply = web::get(address, 0)?;
    }
    let Reply::Content { at, len, mut body } = reply else {
        return Err(Error::input(format!(
            "the server of `{address}` sends parts of the file that nobody asked for"
        )));
    };
    if at == 0 {
        partial.restart()?;
    } else {
        progress.detail(&format!("going on at byte {at}"));
    }
    let end = len.map(|len| at.saturating_add(len));
    let too_long = || {
        Error::input(format!(
            "`{address}` has more than the {MAX_LEN} bytes that are allowed here"
        ))
    };
    if end.is_some_and(|end| end > MAX_LEN) {
        return Err(too_long());
    }
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = body.read(&mut buffer);
        match read.as_ref().map(|n_read| buffer.get(..*n_read)) {
            Ok(Some(bytes)) if !bytes.is_empty() => partial.append(bytes)?,
            Ok(_) if end.is_none_or(|end| partial.len() >= end) => return Ok(at > 0),
            _ => return Err(cut_off(address, partial, end, read.err())),
        }
        if partial.len() > MAX_LEN {
            partial.restart()?;
            return Err(too_long());
        }
    }
}

fn cut_off(
    address: &str,
    partial: &Partial,
    end: Option<u64>,
    error: Option<std::io::Error>,
) -> Error {
    let of = end.map_or_else(String::new, |end| format!(" of {end}"));
    let why = error.map_or_else(String::new, |error| format!(": {error}"));
    Error::input(format!(
        "the download of `{address}` ended after {}{of} bytes{why}",
        partial.len()
    ))
    .hint("what came is kept: the same command goes on from there")
}

/// Where to ask.
fn address(request: &Request) -> Result<String> {
    let path = host_and_path(&request.url)?;
    let Some(mirror) = &request.mirror else {
        return Ok(request.url.clone());
    };
    host_and_path(mirror).map_err(|error| error.context("the mirror is none"))?;
    Ok(format!("{}/{path}", mirror.trim_end_matches('/')))
}

fn host_and_path(url: &str) -> Result<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| {
        Error::input(format!("`{url}` is no address of http or https"))
            .hint("a file of this host is added with: cargo unikernel kernel add FILE")
    })?;
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || host.contains(['?', '#']) || !url.is_ascii() || url.contains(' ') {
        return Err(Error::input(format!("`{url}` is no address")));
    }
    if host.contains('@') {
        return Err(Error::input(
            "an address with a password in it would be recorded in the store",
        )
        .hint("fetch the file yourself, and: cargo unikernel kernel add FILE"));
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_64_digits() {
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(parse_digest(&digest.to_uppercase()).unwrap(), digest);
        for wrong in ["", "0123", &"g".repeat(64), &"0".repeat(65)] {
            assert!(parse_digest(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mirror_holds_files_by_host_and_path() {
        let check = |url: &str, mirror: Option<&str>, expected: Option<&str>| {
            let request = Request {
                url: url.to_owned(),
                sha256: String::new(),
                mirror: mirror.map(str::to_owned),
                offline: false,
            };
            assert_eq!(address(&request).ok().as_deref(), expected, "{url}");
        };
        let url = "https://host.example/a/b.img";
        check(url, None, Some(url));
        let mirrored = "http://10.0.0.1:80/m/host.example/a/b.img";
        check(url, Some("http://10.0.0.1:80/m/"), Some(mirrored));
        check(url, Some("10.0.0.1/m"), None);
        check("ftp://host.example/a", None, None);
        check("https:///a", None, None);
        check("https://me:secret@host.example/a", None, None);
        check("/tmp/a", None, None);
    }
}
