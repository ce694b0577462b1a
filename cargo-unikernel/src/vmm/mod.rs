//! Running an image: VMMs are pure functions from image and machine to an [`Invocation`]; starting it is shared code.
//!
//! How to add one: a file here with a `static` [`Vmm`] of facts and that function, and its line in [`VMMS`].

pub mod accel;
mod cache;
mod clock;
mod qemu;
mod qemu_microvm;
mod qemu_q35;
pub mod run;
mod user_network;
mod wiring;

use std::time::Duration;

pub use accel::{Accel, Engine};
pub use wiring::Wiring;

use crate::assemble::Image;
use crate::error::{Error, Result};
use crate::image::ImageFormat;
use crate::network::{Forward, Protocol, Ready};
use crate::tool::Invocation;

/// Bytes in a MiB.
const MIB: u64 = 1 << 20;

/// A program on the host that runs images.
#[derive(Debug)]
pub struct Vmm {
    /// Its name, as `--vmm` takes it.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The program to start.
    pub tool: &'static str,
    /// What it boots.
    pub formats: &'static [&'static ImageFormat],
    /// How it is started.
    pub invocation: fn(&Machine<'_>, &Wiring) -> Invocation,
}

/// All VMMs, by name; `run` takes the first that boots the image's format.
pub static VMMS: &[&Vmm] = &[&qemu_microvm::VMM, &qemu_q35::VMM];

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Memory in bytes; [`default_memory`] when `None`.
    pub memory: Option<u64>,
    /// How many CPUs.
    pub cpus: u32,
    /// How the processor is run.
    pub accel: Accel,
    /// Name of the VMM; the first that can when `None`.
    pub vmm: Option<String>,
    /// After which time the guest is killed; never when `None`. Where readiness is waited for, the time that it may take.
    pub timeout: Option<Duration>,
    /// Whether the program's system calls are shown.
    pub is_traced: bool,
    /// The port on which a debugger can reach the guest; the program then waits for one.
    pub gdb: Option<u16>,
    /// What the guest's addresses are drawn from, so that they repeat; from entropy when `None`.
    pub layout_seed: Option<u64>,
    /// Ports of the host that lead into the guest.
    pub forwards: Vec<Forward>,
    /// When the guest is ready, if that is waited for.
    pub ready: Option<Ready>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory: None,
            cpus: 1,
            accel: Accel::Auto,
            vmm: None,
            timeout: None,
            is_traced: false,
            gdb: None,
            layout_seed: None,
            forwards: Vec::new(),
            ready: None,
        }
    }
}

/// A machine that an image boots on: having one tells that the VMM knows the format, and that memory and CPUs suit the kernel.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    /// What it boots.
    pub image: &'a Image,
    /// What plays the machine.
    pub vmm: &'static Vmm,
    /// Its memory in bytes; a multiple of 1 MiB.
    pub memory: u64,
    /// How many CPUs it has.
    pub cpus: u32,
    /// What runs its processor.
    pub engine: Engine,
    /// The port on which it listens for a debugger, on 127.0.0.1.
    pub gdb: Option<u16>,
    /// Ports of the host that lead into the guest.
    pub forwards: Vec<Forward>,
}

impl<'a> Machine<'a> {
    /// The machine for `image` that `settings` ask for.
    ///
    /// # Errors
    /// When there is no such VMM, it does not know the image's format, memory is less than the image needs, or CPUs are more
    /// than the kernel can use.
    pub fn new(image: &'a Image, settings: &Settings, engine: Engine) -> Result<Self> {
        let kernel = image.kernel;
        if settings.cpus == 0 || settings.cpus > kernel.max_cpus {
            return Err(Error::input(format!(
                "{} CPUs are asked for, and kernel `{}` can use {}",
                settings.cpus, kernel.name, kernel.max_cpus
            ))
            .hint(format!("give at most --cpus {}", kernel.max_cpus)));
        }
        check_network(image, settings)?;
        user_network::check(&image.launch.network)?;
        Ok(Self {
            image,
            vmm: vmm(image, settings.vmm.as_deref())?,
            memory: memory(image, settings.memory)?,
            cpus: settings.cpus,
            engine,
            gdb: settings.gdb,
            forwards: settings.forwards.clone(),
        })
    }

    /// How it is started with its streams connected as `wiring` says.
    #[must_use]
    pub fn invocation(&self, wiring: &Wiring) -> Invocation {
        (self.vmm.invocation)(self, wiring)
    }
}

/// Ports need a network; what is asked through a port needs one that leads to it; and no two may be the same on the host.
fn check_network(image: &Image, settings: &Settings) -> Result<()> {
    let (name, forwards) = (image.kernel.name, &settings.forwards);
    let Some(first) = forwards.first() else {
        return match settings.ready.as_ref().and_then(Ready::port) {
            Some(port) => Err(not_forwarded(port)),
            None => Ok(()),
        };
    };
    if !image.kernel.has_network {
        return Err(Error::input(format!(
            "the forward {first} is not yet possible on kernel `{name}`: it has no network"
        )));
    }
    for (index, forward) in forwards.iter().enumerate() {
        let same = |other: &&Forward| {
            (other.ip, other.host, other.protocol) == (forward.ip, forward.host, forward.protocol)
        };
        if let Some(other) = forwards.iter().skip(index + 1).find(same) {
            return Err(Error::input(format!(
                "two forwards have the same port of the host: {forward} and {other}"
            )));
        }
    }
    let leads = |port| {
        let mut forwards = forwards.iter();
        forwards.any(|forward| forward.guest == port && forward.protocol == Protocol::Tcp)
    };
    match settings.ready.as_ref().and_then(Ready::port) {
        Some(port) if !leads(port) => Err(not_forwarded(port)),
        _ => Ok(()),
    }
}

fn not_forwarded(port: u16) -> Error {
    Error::input(format!(
        "the guest is ready when its port {port} answers, and no port of the host leads there"
    ))
    .hint(format!("forward it: -f {port}"))
}

/// Memory that an image gets when nobody says how much, in bytes: 256 MiB, or 64 MiB more than the image when that is larger.
#[must_use]
pub fn default_memory(image_len: u64) -> u64 {
    (256 * MIB).max(image_len + 64 * MIB)
}

fn memory(image: &Image, asked: Option<u64>) -> Result<u64> {
    let needed = image.needed_memory().next_multiple_of(MIB);
    let memory = asked.unwrap_or_else(|| default_memory(image.len));
    if memory < needed {
        // QEMU would load what fits and boot that.
        return Err(Error::input(format!(
            "{} of memory are too little: the image `{}` needs at least {}",
            mib(memory),
            image.path.display(),
            mib(needed)
        ))
        .hint(format!("give at least --memory {}M", needed / MIB)));
    }
    Ok(memory.next_multiple_of(MIB))
}

/// A size in MiB, with one digit behind the point where it is not whole.
fn mib(bytes: u64) -> String {
    let tenths = bytes % MIB * 10 / MIB;
    match tenths {
        0 if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        _ => format!("{}.{tenths} MiB", bytes / MIB),
    }
}

fn vmm(image: &Image, name: Option<&str>) -> Result<&'static Vmm> {
    let format = image.format.name;
    let refused = &image.support.machine.refused;
    let boots = |vmm: &Vmm| {
        vmm.formats.iter().any(|known| known.name == format) && !refused.contains_key(vmm.name)
    };
    let Some(name) = name else {
        let found = VMMS.iter().find(|vmm| boots(vmm));
        return found
            .copied()
            .ok_or_else(|| Error::input(format!("no VMM boots images of format `{format}`")));
    };
    let found = VMMS.iter().find(|vmm| vmm.name == name).copied();
    let vmm = found.ok_or_else(|| {
        let names: Vec<_> = VMMS.iter().map(|vmm| format!("`{}`", vmm.name)).collect();
        Error::input(format!("there is no VMM `{name}`"))
            .hint(format!("VMMs: {}", names.join(", ")))
    })?;
    if let Some(why) = refused.get(name) {
        return Err(Error::input(format!(
            "kernel `{}` does not run on VMM `{name}`: {why}",
            image.kernel.name
        )));
    }
    if !boots(vmm) {
        return Err(Error::input(format!(
            "VMM `{name}` does not boot images of format `{format}`"
        )));
    }
    Ok(vmm)
}

#[cfg(test)]
mod tests;
