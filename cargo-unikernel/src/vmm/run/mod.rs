//! A run: the VMM is started, its streams are carried, and its end becomes an [`Outcome`].

mod cause;
mod console;
mod console_text;
mod debug;
mod diagnose;
mod died;
mod frames;
mod handover;
mod last_words;
mod outcome;
mod process;
mod pump;
mod queue;
mod ready;
mod serial;
mod supervisor;
mod trace;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use twox_hash::XxHash64;
use unikernel_abi::report::Report;
use unikernel_abi::stream::{Control, Stream};

pub use console::Console;
pub use outcome::{End, Outcome};

use super::cache::Cache;
use super::{Accel, Engine, Machine, Settings, Wiring, accel};
use crate::assemble::Image;
use crate::error::{Error, Result};
use crate::fs;
use crate::kernel::{Handover, Streams};
use crate::launch::Launch;
use crate::network::Ready;
use crate::progress::{Diagnostic, Progress, Weight};
use crate::symbols::Symbols;
use crate::symbols::unwind::Stack;
use crate::tool::{self, Invocation};
use diagnose::{Guest, diagnostic};
use frames::Frame;
use handover::{handover, own_disk};
use last_words::{Listener, Reason};
use process::{Inherited, Process, Sockets};
use pump::{Carrier, Event, Output};
use supervisor::{Action, Supervisor};
use trace::Tracer;

/// How long a guest under KVM may show no life before it is given up.
const LIFE: Duration = Duration::from_secs(3);

/// How many reports are shown of a guest that died.
const LAST_REPORTS: usize = 5;

/// What is to be run.
#[derive(Debug)]
pub struct Job<'a> {
    /// The image.
    pub image: &'a Image,
    /// What it starts; counts instead of the image's own.
    pub launch: &'a Launch,
    /// What the user asked for.
    pub settings: &'a Settings,
    /// Names and lines for what is reported.
    pub symbols: &'a Symbols,
}

/// Runs an image to its end, with its streams connected to `console`.
///
/// # Errors
/// When the machine can't be had ([`Machine::new`]), or the VMM can't be started. How the guest ended is the outcome.
pub fn run(job: &Job<'_>, console: &Console, progress: &dyn Progress) -> Result<Outcome> {
    let mut cache = Cache::load();
    let mut machine = machine(job, &mut cache, progress)?;
    if let Some(outcome) = attempt(job, &machine, console, &mut cache, progress)? {
        return Ok(outcome);
    }
    progress.note("the guest showed no life under KVM; starting it again under TCG");
    accel::give_up_kvm(job.image, &mut cache);
    machine.engine = Engine::Tcg;
    attempt(job, &machine, console, &mut cache, progress)?
        .ok_or_else(|| Error::internal("an emulated guest was given up"))
}

/// The command that [`run`] would start, fit for pasting into a shell; the launch record is written beside the image, and there
/// the reports will be, too. Other arguments make another record, so that each line keeps its meaning.
///
/// # Errors
/// When the machine can't be had ([`Machine::new`]), or the launch record can't be written.
pub fn shown(job: &Job<'_>, console: &Console, progress: &dyn Progress) -> Result<Invocation> {
    let mut cache = Cache::load();
    let mut machine = machine(job, &mut cache, progress)?;
    let disk;
    let report = job.image.path.with_extension("report");
    let mut wiring = Wiring::shell(&report, None);
    match handover(job, console, &mut cache, progress)? {
        Some(Handover::Record(record)) => {
            let digest = XxHash64::oneshot(0, &job.launch.encode(None)?);
            let path = &job.image.path;
            let launch = path.with_extension(format!("{digest:016x}.launch"));
            fs::write_bytes(&launch, &record)?;
            wiring.launch = Some(launch);
            progress.note(&format!(
                "the line's status will be the VMM's; the guest's own is in the frames of `{}`",
                report.display()
            ));
        }
        Some(Handover::CommandLine(line)) => wiring.line = Some(OsString::from_vec(line)),
        Some(Handover::Disk { at, bytes, why }) => {
            let digest = XxHash64::oneshot(0, &bytes);
            let path = job.image.path.with_extension(format!("{digest:016x}.raw"));
            disk = own_disk(job.image, at, &bytes, path)?;
            progress.note(&format!("{why}: a copy of the disk is started"));
            machine.image = &disk;
        }
        None => {}
    }
    Ok(machine.invocation(&wiring))
}

fn machine<'a>(job: &Job<'a>, cache: &mut Cache, progress: &dyn Progress) -> Result<Machine<'a>> {
    let kernel = job.image.kernel;
    let is_watched = job.settings.is_traced || job.settings.gdb.is_some();
    if is_watched && kernel.streams != Streams::Ports {
        return Err(Error::input(format!(
            "programs on kernel `{}` can't be watched by --trace or --gdb: it tells nothing of their calls",
            kernel.name
        ))
        .hint("kernel `builtin` does"));
    }
    let mut machine = Machine::new(job.image, job.settings, Engine::Tcg)?;
    tool::find(machine.vmm.tool)?;
    machine.engine = accel::engine(job.settings, job.image, cache, progress)?;
    Ok(machine)
}

/// One start; `None` when the guest showed no life under KVM and the user did not insist on that.
fn attempt(
    job: &Job<'_>,
    machine: &Machine<'_>,
    console: &Console,
    cache: &mut Cache,
    progress: &dyn Progress,
) -> Result<Option<Outcome>> {
    for forward in &machine.forwards {
        forward.check_free()?;
    }
    let given = handover(job, console, cache, progress)?;
    let record = match &given {
        Some(Handover::Record(record)) => Some(&record[..]),
        _ => None,
    };
    let (sockets, inherited, mut wiring) = process::connect(record)?;
    let (folder, disk);
    let mut machine = machine.clone();
    match given {
        Some(Handover::CommandLine(line)) => wiring.line = Some(OsString::from_vec(line)),
        Some(Handover::Disk { at, bytes, why }) => {
            folder = fs::scratch_folder()?;
            disk = own_disk(job.image, at, &bytes, folder.path().join("disk.raw"))?;
            progress.note(&format!("{why}: a copy of the disk is started"));
            machine.image = &disk;
        }
        Some(Handover::Record(_)) | None => {}
    }
    let invocation = machine.invocation(&wiring);
    progress.detail(&invocation.to_string());
    let guest = Guest {
        symbols: job.symbols,
        support: &job.image.support,
    };
    let may_retry = machine.engine == Engine::Kvm && job.settings.accel == Accel::Auto;
    let mut rules = Supervisor::new(job.settings.timeout, may_retry.then_some(LIFE));
    if job.image.kernel.streams != Streams::Ports {
        rules = rules.deaf();
    }
    if job.settings.ready.is_some() {
        rules = rules.awaiting_ready();
    }
    let mut run = Run::start(&invocation, sockets, inherited, console, rules, job)?;
    run.tracer = job.settings.is_traced.then(Tracer::default);
    run.gdb = machine.gdb.map(|port| {
        let program = job.launch.program.to_string();
        (port, job.symbols.file(&program).map(Path::to_owned))
    });
    run.supervise(guest, progress)
}

/// A run under way.
struct Run {
    process: Process,
    stdin: Option<(Option<OwnedFd>, std::os::unix::net::UnixStream)>,
    control: std::os::unix::net::UnixStream,
    events: Receiver<Event>,
    signals: signal_hook::iterator::Handle,
    begun: Instant,
    rules: Supervisor,
    was_asked: bool,
    /// Shows the system calls.
    tracer: Option<Tracer>,
    /// Where gdb finds the guest, and the ELF with the program's symbols.
    gdb: Option<(u16, Option<PathBuf>)>,
    /// Where the program's stderr goes, as what we say does.
    beside: Output,
    /// Why the kernel gave up.
    gave_up: Option<Reason>,
    /// The last reports, and what was left over in each stream.
    last: Vec<Frame>,
    left_over: Vec<(Carrier, Vec<u8>)>,
}

impl Run {
    fn start(
        invocation: &Invocation,
        sockets: Sockets,
        inherited: Inherited,
        console: &Console,
        rules: Supervisor,
        job: &Job<'_>,
    ) -> Result<Self> {
        let failed =
            |error: std::io::Error| Error::internal(format!("can't copy a socket: {error}"));
        let (sender, events) = channel();
        // Before the VMM is there, so that no interrupt leaves it alone.
        let signals = watch_signals(sender.clone())?;
        let (process, said) = Process::start(invocation, inherited)?;
        let [stdin, stdout, stderr, report] = sockets.streams;
        let control = report.try_clone().map_err(failed)?;
        let copy = |stream: &Option<OwnedFd>| stream.as_ref().and_then(|fd| fd.try_clone().ok());
        let out = Output::new(copy(&console.stdout));
        let mut err = Output::new(copy(&console.stderr));
        if console.is_shared() {
            err = err.beside(&out);
        }
        let beside = err.clone();
        let file = |socket| std::fs::File::from(OwnedFd::from(socket));
        let line = job.settings.ready.as_ref().and_then(Ready::line);
        let (out, err) = (out.watched(line, &sender), err.watched(line, &sender));
        pump::output(Stream::Stdout, file(stdout), out.clone(), sender.clone());
        pump::output(Stream::Stderr, file(stderr), err.clone(), sender.clone());
        pump::reports(file(report), sender.clone());
        match job.image.kernel.streams {
            Streams::Ports => pump::serial(file(sockets.serial), out, err, sender.clone()),
            Streams::Console {
                starts_behind,
                last_words,
            } => {
                let listener = Listener::new(last_words);
                let console = file(sockets.serial);
                pump::console(console, starts_behind, listener, out, sender.clone());
            }
        }
        ready::watch(job.settings, sender.clone());
        pump::vmm(said, sender);
        Ok(Self {
            process,
            stdin: Some((copy(&console.stdin), stdin)),
            control,
            events,
            signals,
            begun: Instant::now(),
            rules,
            was_asked: false,
            beside,
            gave_up: None,
            tracer: None,
            gdb: None,
            last: Vec::new(),
            left_over: Vec::new(),
        })
    }

    fn supervise(mut self, guest: Guest<'_>, progress: &dyn Progress) -> Result<Option<Outcome>> {
        let mut endings = Vec::new();
        let mut told = BTreeSet::new();
        while !self.rules.is_over() {
            let event = self.next_event();
            let now = self.begun.elapsed();
            let actions = match &event {
                Some(event) => self.rules.on(event, now),
                None => self.rules.tick(now),
            };
            for action in actions {
                self.act(action);
            }
            match event {
                Some(Event::Report(frame)) => {
                    let report = frame.report();
                    if let Some(report) = &report {
                        self.watch(report, progress)?;
                    }
                    let stack = stack_of(&self.last);
                    let found =
                        report.and_then(|report| diagnostic(&report, stack.as_ref(), guest));
                    match found {
                        // The C library tries several calls for one purpose.
                        Some(found) if is_again(&report, &found, &mut told) => {}
                        // What ended the program is told behind the last that it wrote.
                        Some(found) if found.weight == Weight::Error => endings.push(found),
                        Some(found) => progress.finding(&found),
                        None => {}
                    }
                    if is_shown_by_trace(&frame) {
                        continue;
                    }
                    self.last.push(frame);
                    let old = self.last.len().saturating_sub(LAST_REPORTS);
                    self.last.drain(..old);
                }
                Some(Event::Ended(carrier, rest)) => self.left_over.push((carrier, rest)),
                Some(Event::StdoutLost(error)) => endings.extend(died::output_lost(&error)),
                Some(Event::Told(told)) => self.gave_up = told.reason().cloned(),
                Some(Event::Ready) if self.rules.becomes_ready() => {
                    let say = |line: &str| progress.pass_through(line);
                    self.beside.say("ready\n", say);
                }
                _ => {}
            }
        }
        if let Some(tracer) = &mut self.tracer {
            show(&tracer.unfinished(), progress);
        }
        self.signals.close();
        self.process.kill();
        let status = self.process.wait()?;
        if self.rules.showed_no_life() {
            return Ok(None);
        }
        for found in &endings {
            progress.finding(found);
        }
        let (last, left_over, was_asked) = (self.last, self.left_over, self.was_asked);
        let outcome = self.rules.outcome();
        match outcome.end {
            // Why the program could not be started is how it ended.
            End::Died if last.iter().any(Frame::is_cannot_start) => {}
            End::Died => progress.finding(&died::diagnostic(
                status,
                self.gave_up.as_ref(),
                &last,
                &left_over,
            )),
            End::Killed(signal)
                if let Some(reason) = self.gave_up.filter(|_| endings.is_empty()) =>
            {
                progress.finding(&died::by_kernel(signal, &reason));
            }
            End::Killed(signal) if endings.is_empty() && !was_asked => {
                let stack = stack_of(&last);
                let found = diagnose::killed(u64::from(signal), stack.as_ref(), guest);
                progress.finding(&found);
            }
            End::TimedOut => progress.note("the time that the guest was given has passed"),
            _ => {}
        }
        Ok(Some(outcome))
    }

    /// Shows system calls, and stops for gdb.
    fn watch(&mut self, report: &Report<'_>, progress: &dyn Progress) -> Result<()> {
        if let Some(tracer) = &mut self.tracer {
            show(&tracer.lines(report), progress);
        }
        let &Report::Held {
            start,
            program,
            interpreter,
        } = report
        else {
            return Ok(());
        };
        let Some((port, symbols)) = &self.gdb else {
            return Ok(());
        };
        let held = debug::Held {
            start,
            program,
            interpreter,
        };
        debug::stop_at_start(*port, held, || {
            self.control.write_all(&[Control::Start as u8])
        })?;
        progress.pass_through(&format!(
            "{}\n",
            debug::advice(*port, held, symbols.as_deref())
        ));
        Ok(())
    }

    /// The next event, or `None` when a deadline has passed before one came.
    fn next_event(&self) -> Option<Event> {
        let wait = self.rules.deadline();
        let wait = wait.map(|deadline| deadline.saturating_sub(self.begun.elapsed()));
        let event = match wait {
            Some(wait) => self.events.recv_timeout(wait),
            None => self
                .events
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        event.ok()
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::StartInput => {
                if let Some((source, socket)) = self.stdin.take() {
                    pump::input(source, socket);
                }
            }
            Action::Terminate => {
                self.was_asked = true;
                // A guest that can't be asked any more is killed when its grace is over.
                let _ = self.control.write_all(&[Control::Terminate as u8]);
            }
            Action::Kill => self.process.kill(),
        }
    }
}

fn show(lines: &[String], progress: &dyn Progress) {
    for line in lines {
        progress.pass_through(&format!("{line}\n"));
    }
}

/// Turns SIGINT and SIGTERM into events until the handle is closed.
fn watch_signals(events: Sender<Event>) -> Result<signal_hook::iterator::Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Error::internal(format!("can't watch for signals: {error}")))?;
    let handle = signals.handle();
    thread::spawn(move || {
        for _ in &mut signals {
            if events.send(Event::Interrupt).is_err() {
                break;
            }
        }
    });
    Ok(handle)
}

/// Whether it only matters to the trace, which has shown it.
fn is_shown_by_trace(frame: &Frame) -> bool {
    matches!(
        frame.report(),
        Some(Report::Called { .. } | Report::Returned { .. } | Report::Signalled { .. })
    )
}

/// Whether a refusal for the same reason at the same place was told.
fn is_again(
    report: &Option<Report<'_>>,
    found: &Diagnostic,
    told: &mut BTreeSet<(Vec<u8>, Option<String>)>,
) -> bool {
    match report {
        Some(Report::Refused { rule, .. }) => !told.insert((rule.to_vec(), found.place.clone())),
        _ => false,
    }
}

/// Where the program was, as it told just now: the report behind it is about that.
fn stack_of(reports: &[Frame]) -> Option<Stack<'_>> {
    let stacks = reports.iter().rev().filter_map(Frame::report);
    // The end by a signal comes behind the fault that it is for.
    let mut stacks =
        stacks.skip_while(|report| matches!(report, Report::Fault { .. } | Report::Killed { .. }));
    stacks.next().and_then(|report| match report {
        Report::Stack {
            registers,
            at,
            bytes,
            modules,
        } => Stack::new(registers, at, bytes, modules),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
