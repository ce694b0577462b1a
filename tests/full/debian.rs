//! Programs of Debian and their sources, unpacked below the target folder and never installed.

use std::fs;
use std::path::{Path, PathBuf};

use tests::process::Call;

use super::apt::{self, apt_get};
use super::cases::Case;

/// What a case has of Debian.
pub(crate) struct Debian {
    folder: PathBuf,
}

impl Debian {
    /// Fetches and unpacks the packages of a case, as far as they are not there already.
    pub(crate) fn of(case: &Case) -> Self {
        let debian = Self {
            folder: apt::folder().join(case.name),
        };
        let archives = apt::folder().join("archives");
        let files = fetch(case.packages, &archives);
        let (root, list) = (debian.root(), debian.folder.join("packages"));
        let listed = files.join("\n");
        if fs::read_to_string(&list).is_ok_and(|unpacked| unpacked == listed) {
            return debian;
        }
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("the target folder is writable");
        for file in &files {
            Call::new("dpkg-deb")
                .arg("--extract")
                .args([archives.join(file), root.clone()])
                .run()
                .expect_status(0);
        }
        fs::write(&list, listed).expect("the target folder is writable");
        debian
    }

    /// A folder that holds the packages as a system would; nothing of them was run.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Copies the source of a program, with Debian's patches, to a folder that is not there yet.
    ///
    /// The version is the upstream one that the case is about: the archive of another release has another.
    pub(crate) fn copy_source(&self, name: &str, version: &str, target: &Path) {
        let sources = apt::folder().join("sources");
        fs::create_dir_all(&sources).expect("the target folder is writable");
        let source = sources.join(format!("{name}-{version}"));
        // Unpacked anew, since nothing tells a folder that is whole from one that is not.
        let _ = fs::remove_dir_all(&source);
        let fetched = apt_get().args(["source", name]).folder(&sources).run();
        fetched.expect_status(0);
        assert!(
            source.is_dir(),
            "the archive has another version: {fetched}"
        );
        Call::new("cp")
            .arg("-a")
            .args([&source, target])
            .run()
            .expect_status(0);
    }
}

/// Fetches packages into a folder, but for those that are there; gives their files' names, sorted.
fn fetch(packages: &[&str], archives: &Path) -> Vec<String> {
    let ask = || apt_get().arg("download").args(packages.iter().copied());
    // Asked where no package lies, because apt does not name what it would not fetch.
    let empty = archives.join("none");
    fs::create_dir_all(&empty).expect("the target folder is writable");
    let asked = ask().arg("--print-uris").folder(&empty).run();
    // 'ADDRESS' FILE LENGTH DIGEST
    let lines = asked.expect_status(0).stdout_text();
    let mut files: Vec<(String, u64)> = lines
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        })
        .collect();
    files.sort();
    assert_eq!(files.len(), packages.len(), "{asked}");
    let is_whole = |(file, len): &(String, u64)| {
        fs::metadata(archives.join(file)).is_ok_and(|found| found.len() == *len)
    };
    if !files.iter().all(is_whole) {
        let fetched = ask().folder(archives).run();
        assert!(files.iter().all(is_whole), "{fetched}");
    }
    files.into_iter().map(|(file, _)| file).collect()
}
