//! Which files the guest sees: the program, its libraries, defaults that programs expect, and what the user names.

use std::collections::BTreeMap;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Mode, Node, RootPath, RootTree, Source};
use crate::closure::{Closure, Interpreter, Sysroot};
use crate::error::{Error, Result};
use crate::fs;
use crate::lint::Linted;
use crate::program::launcher;

/// Most files that one folder may bring.
const MAX_FILES: usize = 1 << 20;
/// Deepest nesting of folders; Linux allows paths of 4,095 bytes anyway.
const MAX_DEPTH: usize = 1024;

/// What the user wants at a guest path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A host file or folder, with all it holds.
    Host {
        /// Where it lies; absolute.
        path: PathBuf,
        /// Its permissions, other than 0644, or 0755 for what is executable.
        mode: Option<Mode>,
    },
    /// A symbolic link with this target.
    Link(String),
    /// An empty folder.
    Folder {
        /// Its permissions, other than 0755.
        mode: Option<Mode>,
    },
    /// Nothing: what we would put there is left out.
    Absent,
}

/// What the plan wants to know beside the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// What the user wants, by guest path; a folder comes before what it holds.
    pub items: BTreeMap<RootPath, Item>,
    /// The guest's name.
    pub hostname: String,
    /// Where default files are looked up, when the user named a root.
    pub sysroot: Sysroot,
}

/// A root tree, and why each file is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The tree.
    pub tree: RootTree,
    /// By path; folders that only hold others have no reason.
    pub reasons: BTreeMap<RootPath, String>,
}

/// Plans the root tree. Later wins: program and libraries, then defaults, then what the user wants.
///
/// # Errors
/// When a host file is not there or is no file, a link leaves its folder, or something is a file and a folder at once.
pub fn plan(settings: &Settings, linted: &Linted) -> Result<Plan> {
    let mut plan = Plan::default();
    plan.program(linted.closure())?;
    plan.defaults(settings)?;
    for (path, item) in &settings.items {
        plan.item(path, item)?;
    }
    Ok(plan)
}

impl Plan {
    fn put(&mut self, path: RootPath, node: Node, reason: impl Into<String>) -> Result<()> {
        self.tree.insert(path.clone(), node)?;
        self.reasons.insert(path, reason.into());
        Ok(())
    }

    fn program(&mut self, closure: &Closure) -> Result<()> {
        let executable = |source| Node::File {
            mode: Mode(0o755),
            source,
        };
        let program = executable(Source::Bytes(closure.program.stripped.clone()));
        self.put(closure.program_path.clone(), program, "the program")?;
        if let Some(bytes) = &closure.launcher {
            let path = RootPath::parse(launcher::GUEST_PATH)?;
            let reason = "starts `main` of the shared object";
            self.put(path, executable(Source::from(bytes.clone())), reason)?;
        }
        let found = match &closure.interpreter {
            Interpreter::Found(library) => Some((&**library, "the dynamic linker".to_owned())),
            Interpreter::None | Interpreter::Missing(_) => None,
        };
        let libraries = closure.libraries.iter().map(|library| {
            let by = library.needed_by.last().map_or("", String::as_str);
            (library, format!("library that `{by}` needs"))
        });
        for (library, reason) in found.into_iter().chain(libraries) {
            let source = Source::HostFile {
                path: library.host.clone(),
                len: library.len,
            };
            self.put(library.guest.clone(), executable(source), reason)?;
        }
        for alias in &closure.aliases {
            let node = Node::Link {
                target: alias.target.to_string(),
            };
            self.put(alias.guest.clone(), node, "second name of a library")?;
        }
        Ok(())
    }

    /// The files that C libraries and programs open unasked (hosts(5), passwd(5), group(5), nsswitch.conf(5)).
    fn defaults(&mut self, settings: &Settings) -> Result<()> {
        let name = &settings.hostname;
        let files = [
            ("/etc/passwd", "root:x:0:0:root:/:/bin/false\n".to_owned()),
            ("/etc/group", "root:x:0:\n".to_owned()),
            ("/etc/hostname", format!("{name}\n")),
            (
                "/etc/hosts",
                format!("127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t{name}\n"),
            ),
            (
                "/etc/nsswitch.conf",
                "passwd: files\ngroup: files\nhosts: files dns\n".to_owned(),
            ),
        ];
        for (path, text) in files {
            let given = settings.sysroot.is_given();
            let host = settings.sysroot.resolve(Path::new(path));
            let guest = RootPath::parse(path)?;
            match host.filter(|host| given && fs::is_file(host)) {
                Some(host) => self.host(&guest, &host, None)?,
                None => {
                    let node = Node::File {
                        mode: Mode(0o644),
                        source: Source::from(text.into_bytes()),
                    };
                    self.put(guest, node, "default")?;
                }
            }
        }
        let node = Node::Folder { mode: Mode(0o1777) };
        self.put(RootPath::parse("/tmp")?, node, "default")
    }

    fn item(&mut self, path: &RootPath, item: &Item) -> Result<()> {
        let reason = "named in `files`";
        match item {
            Item::Host { path: host, mode } => self
                .host(path, host, *mode)
                .map_err(|error| error.context(format!("can't put `{path}` into the root tree"))),
            Item::Link(target) => {
                let target = target.clone();
                self.put(path.clone(), Node::Link { target }, reason)
            }
            Item::Folder { mode } => {
                let mode = mode.unwrap_or(Mode(0o755));
                self.put(path.clone(), Node::Folder { mode }, reason)
            }
            Item::Absent => {
                if !self.tree.remove(path) {
                    return Err(Error::input(format!(
                        "`{path}` = false: there is no such default to leave out"
                    )));
                }
                self.reasons.retain(|at, _| !lies_below(at, path));
                Ok(())
            }
        }
    }

    fn host(&mut self, path: &RootPath, host: &Path, mode: Option<Mode>) -> Result<()> {
        let metadata = fs::metadata(host)?;
        if metadata.is_dir() {
            let mut n_files = 0;
            return self.folder(path, host, "", mode, &mut n_files);
        }
        self.file(path, host, mode)
    }

    fn file(&mut self, path: &RootPath, host: &Path, mode: Option<Mode>) -> Result<()> {
        let metadata = fs::metadata(host)?;
        let kind = metadata.file_type();
        if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
            return Err(Error::input(format!(
                "`{}` is neither a file nor a folder",
                host.display()
            )));
        }
        // Which bits beyond execution a checkout has depends on the user's umask: they would make images differ.
        let executable = metadata.permissions().mode() & 0o111 != 0;
        let default = Mode(if executable { 0o755 } else { 0o644 });
        // That it can be read is found out now and not when half of an image is written.
        fs::open(host)?;
        let source = Source::HostFile {
            path: host.to_owned(),
            len: metadata.len(),
        };
        let mode = mode.unwrap_or(default);
        self.put(
            path.clone(),
            Node::File { mode, source },
            "named in `files`",
        )
    }

    /// All of a host folder; `inside` is the part of the path below the folder that the user named.
    fn folder(
        &mut self,
        path: &RootPath,
        top: &Path,
        inside: &str,
        mode: Option<Mode>,
        n_files: &mut usize,
    ) -> Result<()> {
        let here = top.join(inside);
        let node = Node::Folder {
            mode: mode.unwrap_or(Mode(0o755)),
        };
        self.put(path.clone(), node, "named in `files`")?;
        for name in fs::list(&here)? {
            *n_files += 1;
            if *n_files > MAX_FILES || inside.matches('/').count() > MAX_DEPTH {
                return Err(Error::input(format!(
                    "`{}` holds more than {MAX_FILES} files, or is nested deeper than {MAX_DEPTH} folders",
                    top.display()
                )));
            }
            let host = here.join(&name);
            let guest = path.join(&name)?;
            let inside = match inside {
                "" => name,
                inside => format!("{inside}/{name}"),
            };
            let metadata = fs::link_metadata(&host)?;
            if metadata.is_symlink() {
                let target = link_inside(&host, &inside)?;
                self.put(guest, Node::Link { target }, "named in `files`")?;
            } else if metadata.is_dir() {
                self.folder(&guest, top, &inside, None, n_files)?;
            } else {
                self.file(&guest, &host, None)?;
            }
        }
        Ok(())
    }

    /// A line for each file: guest path, bytes, source, reason.
    #[must_use]
    pub fn listing(&self) -> String {
        let mut lines = String::new();
        for (path, node) in self.tree.iter() {
            let Some(reason) = self.reasons.get(path) else {
                continue;
            };
            let (len, source) = match node {
                Node::File { source, .. } => (
                    source.len().to_string(),
                    source
                        .host_path()
                        .map_or_else(|| "made here".to_owned(), |host| host.display().to_string()),
                ),
                Node::Folder { .. } => (String::new(), "folder".to_owned()),
                Node::Link { target } => (String::new(), format!("-> {target}")),
            };
            lines.push_str(&format!("{len:>12}  {path}  ({source}: {reason})\n"));
        }
        lines
    }
}

fn lies_below(path: &RootPath, above: &RootPath) -> bool {
    let mut parts = path.parts();
    above.parts().all(|part| parts.next() == Some(part))
}

/// The target of a link in a folder that the user named, if it stays in there.
fn link_inside(host: &Path, inside: &str) -> Result<String> {
    let target = fs::link_target(host)?;
    let target = target
        .to_str()
        .ok_or_else(|| Error::input(format!("the target of `{}` is not UTF-8", host.display())))?;
    let leaves = Error::input(format!(
        "the link `{}` leads out of its folder, to `{target}`",
        host.display()
    ))
    .hint("name what it leads to in `files` itself, or a link there: { symlink = \"TARGET\" }");
    if target.starts_with('/') {
        return Err(leaves);
    }
    // Depth below the folder that the user named; a `..` too many leaves it, wherever links on the way lead.
    let mut depth = inside.matches('/').count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Err(leaves),
            },
            _ => depth += 1,
        }
    }
    Ok(target.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::lint;
    use crate::progress::Silent;
    use crate::support::Support;
    use crate::test_support::closure_of_c;

    fn linted(args: &[&str]) -> Linted {
        let closure = closure_of_c("int main(void) { return 0; }", args);
        let levels = lint::Levels::default();
        lint::check(closure, "builtin", &Support::default(), &levels, &Silent).unwrap()
    }

    fn plan_of(items: &[(&str, Item)]) -> Result<Plan> {
        let items = items.iter().cloned();
        let settings = Settings {
            items: items
                .map(|(path, item)| (RootPath::parse(path).unwrap(), item))
                .collect(),
            hostname: "app".to_owned(),
            ..Settings::default()
        };
        plan(&settings, &linted(&["-static-pie", "-fPIE"]))
    }

    fn host(path: &Path) -> Item {
        Item::Host {
            path: path.to_owned(),
            mode: None,
        }
    }

    fn paths(plan: &Plan) -> Vec<String> {
        plan.tree.iter().map(|(path, _)| path.to_string()).collect()
    }

    #[test]
    fn program_and_defaults_are_there() {
        let plan = plan_of(&[]).unwrap();
        assert_eq!(
            paths(&plan),
            [
                "/",
                "/app",
                "/etc",
                "/etc/group",
                "/etc/hostname",
                "/etc/hosts",
                "/etc/nsswitch.conf",
                "/etc/passwd",
                "/tmp"
            ]
        );
        assert!(plan.listing().contains("/etc/hosts  (made here: default)"));
    }

    #[test]
    fn shared_object_has_its_launcher_beside_it() {
        let settings = Settings::default();
        let plan = plan(&settings, &linted(&["-shared", "-fPIC"])).unwrap();
        let paths = paths(&plan);
        for path in ["/app", launcher::GUEST_PATH, "/lib64/ld-linux-x86-64.so.2"] {
            assert!(paths.iter().any(|at| at == path), "{path} in {paths:?}");
        }
    }

    #[test]
    fn folder_keeps_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("data");
        fs::write_bytes(&at.join("sub/file"), b"x").unwrap();
        symlink("sub/file", at.join("link")).unwrap();
        symlink("../link", at.join("sub/up")).unwrap();
        let plan = plan_of(&[("/srv", host(&at))]).unwrap();
        let node = |path: &str| plan.tree.get(&RootPath::parse(path).unwrap());
        assert!(matches!(node("/srv/sub/file"), Some(Node::File { .. })));
        assert_eq!(
            node("/srv/sub/up"),
            Some(&Node::Link {
                target: "../link".to_owned()
            })
        );
    }

    #[test]
    fn link_that_leaves_its_folder_is_refused() {
        for target in ["/etc/passwd", "../outside", "sub/../../outside"] {
            let folder = tempfile::tempdir().unwrap();
            let at = folder.path().join("data");
            fs::write_bytes(&at.join("sub/file"), b"x").unwrap();
            symlink(target, at.join("link")).unwrap();
            let error = plan_of(&[("/srv", host(&at))]).unwrap_err();
            assert!(error.to_string().contains("leads out"), "{error}");
        }
    }

    #[test]
    fn default_can_be_left_out() {
        let plan = plan_of(&[("/etc/hosts", Item::Absent)]).unwrap();
        assert!(!paths(&plan).contains(&"/etc/hosts".to_owned()));
        assert!(plan_of(&[("/etc/nothing", Item::Absent)]).is_err());
    }

    #[test]
    fn missing_file_is_named_with_its_guest_path() {
        let error = plan_of(&[("/etc/x", host(Path::new("/nowhere/x")))]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("`/etc/x`") && text.contains("`/nowhere/x`"),
            "{text}"
        );
    }

    #[test]
    fn device_is_refused() {
        let error = plan_of(&[("/null", host(Path::new("/dev/null")))]).unwrap_err();
        assert!(
            error.to_string().contains("neither a file nor a folder"),
            "{error}"
        );
    }
}
