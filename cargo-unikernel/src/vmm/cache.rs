//! What was found out about this host and holds until its next boot.
//!
//! Lines `NAME VALUE` in a file in the user's cache folder; the first is the host's boot. Nothing depends on it: a cache that
//! can't be read or written costs only time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{env, fs};

/// The file that names this boot of the host (random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The name of the first line.
const BOOT: &str = "boot";

/// Longest cache that is read, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// Facts by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    facts: BTreeMap<String, String>,
}

impl Cache {
    /// The user's, as far as it is about this boot.
    pub(super) fn load() -> Self {
        let boot = fs::read_text(Path::new(BOOT_ID)).unwrap_or_default();
        Self::load_from(
            env::cache_folder().map(|folder| folder.join("host")),
            boot.trim(),
        )
    }

    fn load_from(path: Option<PathBuf>, boot: &str) -> Self {
        let bytes = path.as_deref().map(|path| fs::read_at_most(path, MAX_LEN));
        let text = bytes.and_then(Result::ok).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        let mut facts: BTreeMap<String, String> = lines
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if facts.get(BOOT).map(String::as_str) != Some(boot) {
            facts = BTreeMap::from([(BOOT.to_owned(), boot.to_owned())]);
        }
        Self { path, facts }
    }

    /// A fact that was kept.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }

    /// Keeps a fact; `value` has no space in it.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.facts.insert(name.to_owned(), value.to_owned());
        let lines = self
            .facts
            .iter()
            .map(|(name, value)| format!("{name} {value}\n"));
        let text: String = lines.collect();
        if let Some(path) = &self.path {
            // Whoever has no cache finds everything out again.
            let _ = fs::write_bytes(path, text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_hold_for_one_boot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/host");
        let load = |boot| Cache::load_from(Some(path.clone()), boot);
        load("first").put("kvm some key", "no");
        assert_eq!(load("first").get("kvm some key"), Some("no"));
        assert_eq!(load("first").get("kvm"), None);
        assert_eq!(load("second").get("kvm some key"), None);
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let mut cache = Cache::load_from(None, "boot");
        cache.put("a", "b");
        assert_eq!(cache.get("a"), Some("b"));
        assert_eq!(Cache::load_from(None, "boot").get("a"), None);
    }
}
