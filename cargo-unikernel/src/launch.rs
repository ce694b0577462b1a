//! Which program a guest starts, with which arguments and environment.
//!
//! An image holds one [`Launch`]; a run may hand over another, with [`HostFacts`] that the guest cannot find out.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use unikernel_abi::VERSION;
use unikernel_abi::bytes::Sink;
use unikernel_abi::launch::{self, Item, LaunchError};

use crate::closure::Closure;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::program::launcher;
use crate::root::RootPath;

/// The program to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Where the ELF to start lies in the root tree: the program, or its launcher.
    pub program: RootPath,
    /// Where the program lies: its `argv[0]`.
    pub name: RootPath,
    /// Its arguments behind `argv[0]`.
    pub args: Vec<OsString>,
    /// All of its environment.
    pub env: BTreeMap<String, OsString>,
    /// How the guest gets its address; kernels with a launch record have no network yet.
    pub network: Network,
}

/// What a guest is told about its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Ticks of the guest's time stamp counter in a second; `None` when nobody knows.
    pub tsc_hz: Option<u64>,
    /// The wall clock, in nanoseconds since 1970-01-01T00:00:00Z.
    pub unix_time_ns: u64,
    /// Whether stdin, stdout and stderr are terminals.
    pub terminals: [bool; 3],
    /// Seed of the addresses where the guest puts things; from its own entropy when `None`.
    pub layout_seed: Option<u64>,
    /// How the host watches the program.
    pub watch: Watch,
}

/// How a program is watched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watch {
    /// What to copy for each system call ([`unikernel_abi::trace`]), when they are to be told.
    pub traced: Option<Vec<u8>>,
    /// Whether the program waits for a debugger before its first instruction.
    pub is_held: bool,
}

impl Launch {
    /// The start of a closure's program.
    ///
    /// # Errors
    /// Internal, when the launcher has no guest path.
    pub fn new(
        closure: &Closure,
        args: Vec<OsString>,
        env: BTreeMap<String, OsString>,
        network: Network,
    ) -> Result<Self> {
        let name = closure.program_path.clone();
        let program = match closure.launcher {
            Some(_) => RootPath::parse(launcher::GUEST_PATH)?,
            None => name.clone(),
        };
        Ok(Self {
            program,
            name,
            args,
            env,
            network,
        })
    }

    /// The launch record.
    ///
    /// # Errors
    /// When an argument or a value holds a NUL byte, or a variable's name is empty or has `=` or a NUL in it.
    pub fn encode(&self, host: Option<&HostFacts>) -> Result<Vec<u8>> {
        self.check()?;
        let (program, name) = (self.program.to_string(), self.name.to_string());
        let env: Vec<OsString> = self
            .env
            .iter()
            .map(|(name, value)| variable(name, value))
            .collect();
        let mut items = vec![
            Item::Program(program.as_bytes()),
            Item::Arg(name.as_bytes()),
        ];
        items.extend(self.args.iter().map(|arg| Item::Arg(arg.as_bytes())));
        items.extend(env.iter().map(|variable| Item::Env(variable.as_bytes())));
        if let Some(host) = host {
            items.extend(host.tsc_hz.map(Item::TscHz));
            items.push(Item::UnixTimeNs(host.unix_time_ns));
            let bits = host.terminals.iter().enumerate();
            items.push(Item::Terminals(
                bits.map(|(bit, is_terminal)| u64::from(*is_terminal) << bit)
                    .sum(),
            ));
            let watch = &host.watch;
            items.extend(watch.traced.as_deref().map(Item::Trace));
            items.extend(watch.is_held.then_some(Item::Hold(1)));
            items.extend(host.layout_seed.map(Item::LayoutSeed));
        }
        let mut record = Bytes(Vec::new());
        launch::encode(&items, &mut record);
        Ok(record.0)
    }

    /// Reads a launch record; what it says about a host is left out.
    ///
    /// # Errors
    /// When the bytes are no launch record of our version, or it names no program.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let record = launch::Launch::decode(bytes).map_err(refused)?;
        let (mut program, mut args, mut env) = (None, Vec::new(), BTreeMap::new());
        for item in record.items() {
            match item.map_err(refused)? {
                Item::Program(path) => {
                    program = Some(RootPath::parse(&String::from_utf8_lossy(path))?);
                }
                Item::Arg(arg) => args.push(OsString::from_vec(arg.to_vec())),
                Item::Env(variable) => {
                    let mut parts = variable.splitn(2, |byte| *byte == b'=');
                    let name = String::from_utf8_lossy(parts.next().unwrap_or_default());
                    let value = parts.next().unwrap_or_default().to_vec();
                    env.insert(name.into_owned(), OsString::from_vec(value));
                }
                Item::TscHz(_)
                | Item::UnixTimeNs(_)
                | Item::Terminals(_)
                | Item::LayoutSeed(_)
                | Item::Trace(_)
                | Item::Hold(_) => {}
            }
        }
        let program = program.ok_or_else(|| Error::input("the launch record names no program"))?;
        let mut args = args.into_iter();
        let name = args
            .next()
            .map(|name| RootPath::parse(&name.to_string_lossy()));
        Ok(Self {
            name: name.transpose()?.unwrap_or_else(|| program.clone()),
            program,
            args: args.collect(),
            env,
            network: Network::Unsaid,
        })
    }

    fn check(&self) -> Result<()> {
        for (index, arg) in self.args.iter().enumerate() {
            if arg.as_bytes().contains(&0) {
                return Err(Error::input(format!(
                    "argument {} has a NUL byte",
                    index + 1
                )));
            }
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) || value.as_bytes().contains(&0) {
                return Err(Error::input(format!(
                    "environment variable `{}` can't be given to a program: a name is not empty, without `=`, and neither name nor value has a NUL byte",
                    name.escape_debug()
                )));
            }
        }
        Ok(())
    }
}

fn variable(name: &str, value: &OsStr) -> OsString {
    let mut variable = OsString::from(format!("{name}="));
    variable.push(value);
    variable
}

fn refused(error: LaunchError) -> Error {
    Error::input(match error {
        LaunchError::Truncated => "the launch record ends too early".to_owned(),
        LaunchError::Magic => "there is no launch record where one should be".to_owned(),
        LaunchError::Version(version) => format!(
            "the launch record has version {version}, and this tool reads version {VERSION}"
        ),
        LaunchError::Item(tag) => format!("the launch record has an item of unknown kind {tag}"),
    })
}

/// A vector as the target of encoded bytes.
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch() -> Launch {
        Launch {
            program: RootPath::parse("/launcher").unwrap(),
            name: RootPath::parse("/hello").unwrap(),
            args: vec!["".into(), OsString::from_vec(vec![b'a', 0xff])],
            env: BTreeMap::from([("A".to_owned(), "b=c".into())]),
            network: Network::Unsaid,
        }
    }

    #[test]
    fn round_trip() {
        let host = HostFacts {
            tsc_hz: Some(2_000_000_000),
            unix_time_ns: 1,
            terminals: [true, false, true],
            watch: Watch::default(),
            layout_seed: Some(7),
        };
        for host in [None, Some(&host)] {
            let record = launch().encode(host).unwrap();
            assert_eq!(Launch::decode(&record).unwrap(), launch());
        }
    }

    #[test]
    fn terminals_are_bits() {
        let host = HostFacts {
            tsc_hz: None,
            unix_time_ns: 1,
            terminals: [true, false, true],
            watch: Watch::default(),
            layout_seed: Some(7),
        };
        let record = launch().encode(Some(&host)).unwrap();
        let items = launch::Launch::decode(&record).unwrap();
        assert!(items.items().any(|item| item == Ok(Item::Terminals(0b101))));
    }

    #[test]
    fn what_no_program_could_see_is_refused() {
        let check = |change: fn(&mut Launch), expected: &str| {
            let mut launch = launch();
            change(&mut launch);
            let error = launch.encode(None).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(|l| l.args.push("a\0b".into()), "argument 3");
        check(|l| drop(l.env.insert("A=B".to_owned(), "".into())), "`A=B`");
        check(|l| drop(l.env.insert("Z".to_owned(), "\0".into())), "`Z`");
    }

    #[test]
    fn broken_record_says_how() {
        let mut record = launch().encode(None).unwrap();
        record[8] = 9;
        let error = Launch::decode(&record).unwrap_err().to_string();
        assert!(error.contains("version 9"), "{error}");
        assert!(Launch::decode(&[]).is_err());
    }
}
