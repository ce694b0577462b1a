//! Which files the guest sees: the program, its libraries, defaults that programs expect, and what the user names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Mode, Node, RootPath, RootTree, Source, asked, defaults, layer};
use crate::closure::{Closure, Interpreter, Sysroot};
use crate::error::{Error, Result};
use crate::lint::Linted;
use crate::place::Place;
use crate::program::launcher;

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

/// Why what the user names is there.
pub(super) const NAMED: &str = "named in `files`";

/// Files that a kernel wants, each with the reason.
pub type Wanted = Vec<(RootPath, Node, &'static str)>;

/// What the plan wants to know beside the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// What the user wants, by guest path; a folder comes before what it holds.
    pub items: BTreeMap<RootPath, Item>,
    /// Where the user wrote that, as far as it is known.
    pub places: BTreeMap<RootPath, Place>,
    /// Root trees under ours, later wins: folders and tar files; absolute.
    pub layers: Vec<PathBuf>,
    /// The guest's name.
    pub hostname: String,
    /// The time zone that the guest's environment names (tzset(3)).
    pub zone: Option<String>,
    /// Where default files are looked up, when the user named a root.
    pub sysroot: Sysroot,
    /// What the kernel wants, with the reason; what a layer has stays.
    pub wanted: Wanted,
    /// Folders in which the guest sees the kernel's own files only.
    pub views: &'static [&'static str],
}

/// A root tree, and why each file is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The tree.
    pub tree: RootTree,
    /// By path; folders that only hold others have no reason.
    pub reasons: BTreeMap<RootPath, String>,
}

/// Plans the root tree. Later wins: layers, program and libraries, defaults that no layer has, what is asked for, and what
/// the user wants.
///
/// # Errors
/// When a host file is not there or is no file, a link leaves its folder, or something is a file and a folder at once.
pub fn plan(settings: &Settings, linted: &Linted) -> Result<Plan> {
    let mut plan = Plan::default();
    for path in &settings.layers {
        layer::add(&mut plan, path)?;
    }
    let program = &linted.closure().program_path;
    settings.is_seen(program)?;
    plan.program(linted.closure())?;
    for (path, node, why) in &settings.wanted {
        if plan.tree.get(path).is_none() {
            plan.put(path.clone(), node.clone(), format!("for the kernel: {why}"))?;
        }
    }
    defaults::add(&mut plan, settings)?;
    asked::add(&mut plan, settings, linted.closure())?;
    for (path, item) in &settings.items {
        let put = if path == program {
            Err(
                Error::input(format!("`{path}` in `files` is where the program lies")).hint(
                    "give one of the two another name; the program's is `name` in the manifest",
                ),
            )
        } else {
            plan.item(path, item, settings)
        };
        put.map_err(|error| match settings.places.get(path) {
            Some(place) => error.snippet(place.to_string()),
            None => error,
        })?;
    }
    Ok(plan)
}

impl Settings {
    /// Refuses a path at which the guest would find something else.
    fn is_seen(&self, path: &RootPath) -> Result<()> {
        for view in self.views {
            if lies_below(path, &RootPath::parse(view)?) {
                return Err(Error::input(format!(
                    "the guest would not see `{path}`: what it finds in `{view}` is the kernel's own"
                ))
                .hint("give it another place"));
            }
        }
        Ok(())
    }
}

impl Plan {
    /// Puts a node where the guest finds `path`, whatever links a layer has on the way.
    pub(super) fn put(
        &mut self,
        path: RootPath,
        node: Node,
        reason: impl Into<String>,
    ) -> Result<()> {
        let path = self.tree.resolved(&path);
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
            let opened = library.opened_later.clone();
            let reason = opened.unwrap_or_else(|| format!("library that `{by}` needs"));
            (library, reason)
        });
        for (library, reason) in found.into_iter().chain(libraries) {
            let source = Source::HostFile {
                path: library.host.clone(),
                len: library.len,
            };
            self.put(library.guest.clone(), executable(source), reason)?;
        }
        for addition in &closure.additions {
            let node = executable(addition.source.clone());
            self.put(addition.guest.clone(), node, addition.reason.clone())?;
        }
        for alias in &closure.aliases {
            let node = Node::Link {
                target: alias.target.to_string(),
            };
            self.put(alias.guest.clone(), node, "second name of a library")?;
        }
        Ok(())
    }

    fn item(&mut self, path: &RootPath, item: &Item, settings: &Settings) -> Result<()> {
        if matches!(item, Item::Host { .. } | Item::Link(_)) {
            settings.is_seen(path)?;
        }
        match item {
            Item::Host { path: host, mode } => self
                .named_host(path, host, *mode, settings)
                .map_err(|error| error.context(format!("can't put `{path}` into the root tree"))),
            Item::Link(target) => {
                let target = target.clone();
                self.put(path.clone(), Node::Link { target }, NAMED)
            }
            Item::Folder { mode } => {
                self.make_room(path);
                let mode = mode.unwrap_or(Mode(0o755));
                self.put(path.clone(), Node::Folder { mode }, NAMED)
            }
            Item::Absent => {
                if !self.tree.remove(path) && !asked::may_be_absent(path) {
                    return Err(Error::input(format!(
                        "`{path}` = false: there is no such default to leave out"
                    )));
                }
                self.reasons.retain(|at, _| !lies_below(at, path));
                Ok(())
            }
        }
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
                Node::File { source, .. } => (source.len().to_string(), origin(source)),
                Node::Folder { .. } => (String::new(), "folder".to_owned()),
                Node::Link { target } => (String::new(), format!("-> {target}")),
            };
            lines.push_str(&format!("{len:>12}  {path}  ({source}: {reason})\n"));
        }
        lines
    }
}

/// Where the content of a file comes from, for people.
fn origin(source: &Source) -> String {
    match source {
        Source::Bytes(_) => "made here".to_owned(),
        Source::HostFile { path, .. } => path.display().to_string(),
        Source::HostPart { path, at, .. } => format!("{} at {at}", path.display()),
    }
}

pub(super) fn lies_below(path: &RootPath, above: &RootPath) -> bool {
    let mut parts = path.parts();
    above.parts().all(|part| parts.next() == Some(part))
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;
    use crate::fs;
    use crate::lint;
    use crate::progress::Silent;
    use crate::support::Support;
    use crate::test_support::closure_of_c;

    fn linted(args: &[&str]) -> Linted {
        let closure = closure_of_c("int main(void) { return 0; }", args);
        let levels = lint::Levels::default();
        lint::check(closure, "builtin", &Support::default(), &levels, &Silent).unwrap()
    }

    /// The plan for a small program with these items.
    pub(in crate::root) fn plan_of(items: &[(&str, Item)]) -> Result<Plan> {
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

    /// What lies at this path of the host.
    pub(in crate::root) fn host(path: &Path) -> Item {
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
                "/etc/resolv.conf",
                "/tmp"
            ]
        );
        assert!(
            plan.listing()
                .contains("/etc/hosts  (made here: default: names without a name server)")
        );
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
    fn default_can_be_left_out() {
        let plan = plan_of(&[("/etc/hosts", Item::Absent)]).unwrap();
        assert!(!paths(&plan).contains(&"/etc/hosts".to_owned()));
        assert!(plan_of(&[("/etc/nothing", Item::Absent)]).is_err());
    }

    #[test]
    fn what_the_guest_would_not_find_is_refused() {
        let check = |path: &str, expected: &str| {
            let settings = Settings {
                items: [(
                    RootPath::parse(path).unwrap(),
                    Item::Link("/etc/hosts".to_owned()),
                )]
                .into(),
                views: &["/dev"],
                ..Settings::default()
            };
            let error = plan(&settings, &linted(&["-static-pie", "-fPIE"])).map(drop);
            match error {
                Err(error) => assert!(error.to_string().contains(expected), "{error}"),
                Ok(()) => assert!(expected.is_empty(), "{path}"),
            }
        };
        check("/dev", "would not see `/dev`");
        check("/dev/deep/er", "would not see `/dev/deep/er`");
        check("/app", "is where the program lies");
        check("/device", "");
        let settings = Settings {
            views: &["/app"],
            ..Settings::default()
        };
        assert!(plan(&settings, &linted(&["-static-pie", "-fPIE"])).is_err());
    }

    #[test]
    fn program_lies_where_the_links_of_a_layer_lead() {
        let folder = tempfile::tempdir().unwrap();
        let usr = folder.path().join("usr/lib64");
        fs::write_bytes(&usr.join("file"), b"x").unwrap();
        symlink("usr/lib64", folder.path().join("lib64")).unwrap();
        fs::write_bytes(&folder.path().join("etc/hosts"), b"the layer's").unwrap();
        let settings = Settings {
            layers: vec![folder.path().to_owned()],
            ..Settings::default()
        };
        let plan = plan(&settings, &linted(&["-pie", "-fPIE"])).unwrap();
        let node = |path: &str| plan.tree.get(&RootPath::parse(path).unwrap());
        assert!(matches!(node("/lib64"), Some(Node::Link { .. })));
        assert!(matches!(
            node("/usr/lib64/ld-linux-x86-64.so.2"),
            Some(Node::File { .. })
        ));
        assert!(
            plan.listing().contains("etc/hosts: layer"),
            "{}",
            plan.listing()
        );
    }
}
