//! What to do when: the rules of a run, without its effects.
//!
//! Time is counted from the VMM's start. The caller hands in every [`Event`] and every deadline that passed, and carries the
//! [`Action`]s out.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use unikernel_abi::report::Report;
use unikernel_abi::stream::Stream;

use super::last_words::Reason;
use super::outcome::{End, Outcome};
use super::pump::{Carrier, Event};

/// How long a program that was asked to end may take.
const GRACE: Duration = Duration::from_secs(10);

/// How long the VMM may take to end when the program has ended, or it was killed.
const LEAVE: Duration = Duration::from_secs(5);

/// `SIGPIPE`: what ends a program natively when nobody reads its output.
const SIGPIPE: u8 = 13;

/// `SIGTERM`: what [`Action::Terminate`] becomes in the guest.
const SIGTERM: u8 = 15;

/// Who must have carried everything before a run is over.
const CARRIERS: [Carrier; 5] = [
    Carrier::Port(Stream::Stdout),
    Carrier::Port(Stream::Stderr),
    Carrier::Port(Stream::Report),
    Carrier::Serial,
    Carrier::Vmm,
];

/// What the caller is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Begin to carry our standard input: the guest lives.
    StartInput,
    /// Ask the guest to end the program.
    Terminate,
    /// Kill the VMM.
    Kill,
}

/// The state of a run.
#[derive(Debug)]
pub(super) struct Supervisor {
    timeout: Option<Duration>,
    /// After which time a guest that shows no life is given up; never when `None`.
    life: Option<Duration>,
    lives: bool,
    boot_ticks: Option<u64>,
    /// How the guest said that it ended.
    said: Option<End>,
    /// How the run ends when the guest does not say.
    otherwise: End,
    /// When the kernel gave up, and how the program ends by that.
    gave_up: Option<(Duration, End)>,
    /// When the program was first asked to end.
    asked: Option<Duration>,
    n_interrupts: u32,
    killed: bool,
    /// When we stop waiting for the VMM, or for the last bytes.
    leave: Option<Duration>,
    ended: BTreeSet<Carrier>,
    is_given_up: bool,
    /// Whether the guest can be asked to end.
    may_ask: bool,
    /// Whether the guest is to become ready in time, and is not yet.
    awaits_ready: bool,
    /// Whether some of what the program wrote is nowhere.
    is_output_lost: bool,
}

impl Supervisor {
    /// A run that has just been started.
    pub(super) fn new(timeout: Option<Duration>, life: Option<Duration>) -> Self {
        Self {
            timeout,
            life,
            lives: false,
            boot_ticks: None,
            said: None,
            otherwise: End::Died,
            gave_up: None,
            asked: None,
            n_interrupts: 0,
            killed: false,
            leave: None,
            ended: BTreeSet::new(),
            is_given_up: false,
            may_ask: true,
            awaits_ready: false,
            is_output_lost: false,
        }
    }

    /// The same of a guest that can't be asked to end: it is killed at once.
    pub(super) fn deaf(self) -> Self {
        Self {
            may_ask: false,
            ..self
        }
    }

    /// The same where the time is for becoming ready, and not for the whole run.
    pub(super) fn awaiting_ready(self) -> Self {
        Self {
            awaits_ready: true,
            ..self
        }
    }

    /// The guest is ready; true at the first time.
    pub(super) fn becomes_ready(&mut self) -> bool {
        let is_first = std::mem::replace(&mut self.awaits_ready, false);
        if is_first {
            self.timeout = None;
        }
        is_first
    }

    /// What an event at time `now` calls for.
    pub(super) fn on(&mut self, event: &Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Report(frame) => {
                match frame.report() {
                    Some(Report::Started {
                        entry_tsc,
                        program_tsc,
                    }) => self.boot_ticks = Some(program_tsc.saturating_sub(entry_tsc)),
                    Some(Report::Exited { status }) => self.say(End::Exited(low_byte(status)), now),
                    Some(Report::Killed { signal }) => self.say(End::Killed(low_byte(signal)), now),
                    _ => {}
                }
                self.live()
            }
            Event::Output => self.live(),
            Event::StdoutLost(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.ask(End::Killed(SIGPIPE), now)
            }
            Event::StdoutLost(_) => {
                self.is_output_lost = true;
                self.ask(End::OutputLost, now)
            }
            Event::Interrupt => {
                self.n_interrupts += 1;
                if self.n_interrupts > 1 {
                    return self.kill(End::Interrupted, now);
                }
                self.ask(End::Interrupted, now)
            }
            Event::Ready => Vec::new(),
            Event::Told(told) => {
                let end = |reason: &Reason| reason.signal.map_or(End::Died, End::Killed);
                self.gave_up = told.reason().map(|reason| (now, end(reason)));
                Vec::new()
            }
            Event::Ended(carrier, _) => {
                self.ended.insert(*carrier);
                Vec::new()
            }
        }
    }

    /// When [`Supervisor::tick`] must be called next.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let deadlines = [
            self.life_deadline(),
            self.grace_deadline(),
            self.timeout_deadline(),
            self.stands_still_deadline(),
            self.leave,
        ];
        deadlines.into_iter().flatten().min()
    }

    /// What the time `now` calls for.
    pub(super) fn tick(&mut self, now: Duration) -> Vec<Action> {
        let is_past = |deadline: Option<Duration>| deadline.is_some_and(|deadline| now >= deadline);
        if is_past(self.leave) {
            self.is_given_up = self.killed;
            return self.kill(self.otherwise.clone(), now);
        }
        if is_past(self.timeout_deadline()) {
            return self.kill(End::TimedOut, now);
        }
        if is_past(self.stands_still_deadline()) {
            return self.kill(End::Died, now);
        }
        if is_past(self.grace_deadline()) {
            return self.kill(self.otherwise.clone(), now);
        }
        if is_past(self.life_deadline()) {
            return self.kill(End::Died, now);
        }
        Vec::new()
    }

    /// Whether there is nothing more to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.is_given_up || CARRIERS.iter().all(|carrier| self.ended.contains(carrier))
    }

    /// Whether the guest never did anything that we could see, though it had the time.
    pub(super) fn showed_no_life(&self) -> bool {
        self.life.is_some() && !self.lives && self.otherwise == End::Died
    }

    /// How it ended.
    pub(super) fn outcome(self) -> Outcome {
        let end = match (self.said, self.otherwise) {
            // It was our SIGTERM that stood for the SIGPIPE of its lost output.
            (Some(End::Killed(SIGTERM)), End::Killed(SIGPIPE)) => End::Killed(SIGPIPE),
            // It knows nothing of that, and may have ended well before it came to light.
            (Some(End::Exited(0) | End::Killed(SIGTERM)), _) if self.is_output_lost => {
                End::OutputLost
            }
            (Some(said), _) => said,
            (None, End::Died) => self.gave_up.map_or(End::Died, |(_, end)| end),
            (None, otherwise) => otherwise,
        };
        Outcome {
            end,
            boot_ticks: self.boot_ticks,
        }
    }

    fn live(&mut self) -> Vec<Action> {
        if std::mem::replace(&mut self.lives, true) {
            return Vec::new();
        }
        vec![Action::StartInput]
    }

    fn say(&mut self, end: End, now: Duration) {
        if self.said.is_none() {
            self.said = Some(end);
            self.leave = Some(now + LEAVE);
        }
    }

    fn ask(&mut self, otherwise: End, now: Duration) -> Vec<Action> {
        if self.said.is_some() || self.asked.is_some() {
            return Vec::new();
        }
        if !self.may_ask {
            return self.kill(otherwise, now);
        }
        self.asked = Some(now);
        self.otherwise = otherwise;
        vec![Action::Terminate]
    }

    fn kill(&mut self, end: End, now: Duration) -> Vec<Action> {
        if std::mem::replace(&mut self.killed, true) {
            return Vec::new();
        }
        self.otherwise = end;
        self.leave = Some(now + LEAVE);
        vec![Action::Kill]
    }

    fn is_running(&self) -> bool {
        self.said.is_none() && !self.killed
    }

    fn life_deadline(&self) -> Option<Duration> {
        self.life.filter(|_| !self.lives && self.is_running())
    }

    fn grace_deadline(&self) -> Option<Duration> {
        self.asked
            .filter(|_| self.is_running())
            .map(|asked| asked + GRACE)
    }

    /// When a machine is ended whose kernel gave up and did not end it.
    fn stands_still_deadline(&self) -> Option<Duration> {
        let gave_up = self.gave_up.as_ref().filter(|_| self.is_running());
        gave_up.map(|(at, _)| *at + LEAVE)
    }

    fn timeout_deadline(&self) -> Option<Duration> {
        self.timeout.filter(|_| self.is_running())
    }
}

/// Linux keeps the lowest 8 bits of a status (wait(2)).
fn low_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::super::frames::Frames;
    use super::super::last_words::Told;
    use super::*;
    use crate::testing::encoded;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn report(report: Report<'_>) -> Event {
        Event::Report(Frames::default().push(&encoded(&report)).remove(0))
    }

    fn end_all(run: &mut Supervisor) {
        for carrier in CARRIERS {
            assert!(!run.is_over());
            run.on(&Event::Ended(carrier, Vec::new()), S(20));
        }
        assert!(run.is_over());
    }

    #[test]
    fn own_status_counts_when_all_is_carried() {
        let mut run = Supervisor::new(Some(S(9)), Some(S(3)));
        let started = Report::Started {
            entry_tsc: 5,
            program_tsc: 12,
        };
        assert_eq!(run.on(&report(started), S(1)), [Action::StartInput]);
        assert_eq!(run.on(&Event::Output, S(1)), []);
        assert_eq!(run.on(&report(Report::Exited { status: 42 }), S(2)), []);
        assert_eq!(run.deadline(), Some(S(7)), "the time-out counts no more");
        end_all(&mut run);
        let outcome = run.outcome();
        assert_eq!(outcome.status(), 42);
        assert_eq!(outcome.boot_ticks, Some(7));
    }

    #[test]
    fn first_interrupt_asks_and_the_guests_status_counts() {
        let mut run = Supervisor::new(None, None);
        assert_eq!(run.on(&Event::Interrupt, S(1)), [Action::Terminate]);
        run.on(&report(Report::Killed { signal: 15 }), S(2));
        assert_eq!(run.on(&Event::Interrupt, S(3)), [Action::Kill]);
        end_all(&mut run);
        assert_eq!(run.outcome().status(), 143);
    }

    #[test]
    fn second_interrupt_or_grace_kills() {
        let mut run = Supervisor::new(None, None);
        run.on(&Event::Interrupt, S(1));
        assert_eq!(run.on(&Event::Interrupt, S(2)), [Action::Kill]);
        assert_eq!(run.outcome().status(), 130);

        let mut run = Supervisor::new(None, None);
        run.on(&Event::Interrupt, S(1));
        assert_eq!(run.deadline(), Some(S(11)));
        assert_eq!(run.tick(S(10)), []);
        assert_eq!(run.tick(S(11)), [Action::Kill]);
        assert_eq!(run.outcome().status(), 130);
    }

    #[test]
    fn guest_that_can_not_be_asked_is_killed_at_once() {
        let mut run = Supervisor::new(None, None).deaf();
        assert_eq!(run.on(&Event::Interrupt, S(1)), [Action::Kill]);
        assert_eq!(run.outcome().status(), 130);
    }

    #[test]
    fn time_is_for_becoming_ready_where_that_is_waited_for() {
        let mut run = Supervisor::new(Some(S(5)), None).awaiting_ready();
        assert_eq!(run.deadline(), Some(S(5)));
        assert!(run.becomes_ready());
        assert!(!run.becomes_ready());
        assert_eq!(run.deadline(), None);
        let mut run = Supervisor::new(Some(S(5)), None).awaiting_ready();
        assert_eq!(run.tick(S(5)), [Action::Kill]);
        assert_eq!(run.outcome().status(), 124);
    }

    #[test]
    fn time_out_kills() {
        let mut run = Supervisor::new(Some(S(5)), None);
        assert_eq!(run.tick(S(4)), []);
        assert_eq!(run.tick(S(5)), [Action::Kill]);
        assert!(!run.is_over());
        run.tick(S(10));
        assert!(
            run.is_over(),
            "nobody waits for a reader that does not read"
        );
        assert_eq!(run.outcome().status(), 124);
    }

    #[test]
    fn no_life_is_only_missed_under_kvm() {
        let mut run = Supervisor::new(None, Some(S(3)));
        assert_eq!(run.deadline(), Some(S(3)));
        assert_eq!(run.tick(S(3)), [Action::Kill]);
        assert!(run.showed_no_life());

        assert_eq!(Supervisor::new(None, None).deadline(), None);
        let mut run = Supervisor::new(None, Some(S(3)));
        run.on(&Event::Output, S(1));
        assert_eq!(run.deadline(), None);
        assert!(!run.showed_no_life());
    }

    #[test]
    fn lost_stdout_ends_the_program_as_natively() {
        let mut run = Supervisor::new(None, None);
        let lost = || Event::StdoutLost(ErrorKind::BrokenPipe.into());
        assert_eq!(run.on(&lost(), S(1)), [Action::Terminate]);
        run.on(&report(Report::Killed { signal: 15 }), S(2));
        assert_eq!(run.outcome().status(), 141);

        let mut run = Supervisor::new(None, None);
        run.on(&lost(), S(1));
        assert_eq!(run.tick(S(11)), [Action::Kill]);
        assert_eq!(run.outcome().status(), 141);
    }

    #[test]
    fn stdout_that_takes_nothing_is_no_success() {
        let check = |said, expected| {
            let mut run = Supervisor::new(None, None);
            let full = Event::StdoutLost(ErrorKind::StorageFull.into());
            assert_eq!(run.on(&full, S(1)), [Action::Terminate]);
            run.on(&report(said), S(2));
            assert_eq!(run.outcome().status(), expected);
            // The program may have ended before its last bytes are written.
            let mut run = Supervisor::new(None, None);
            run.on(&report(said), S(1));
            assert_eq!(run.on(&full, S(2)), []);
            assert_eq!(run.outcome().status(), expected);
        };
        check(Report::Exited { status: 0 }, 125);
        check(Report::Exited { status: 7 }, 7);
        check(Report::Killed { signal: 15 }, 125);
        check(Report::Killed { signal: 11 }, 139);
    }

    #[test]
    fn kernel_that_gave_up_is_ended_unless_it_goes_on() {
        let reason = |signal| {
            let words = "so it is".to_owned();
            Event::Told(Told::GaveUp(Reason { words, signal }))
        };
        let check = |signal, status| {
            let mut run = Supervisor::new(None, None);
            run.on(&reason(signal), S(1));
            assert_eq!(run.deadline(), Some(S(6)));
            assert_eq!(run.tick(S(6)), [Action::Kill]);
            assert_eq!(run.outcome().status(), status);
            // The machine may end by itself, too; and what the guest said counts more.
            let mut run = Supervisor::new(None, None);
            run.on(&reason(signal), S(1));
            end_all(&mut run);
            assert_eq!(run.outcome().status(), status);
            let mut run = Supervisor::new(None, None);
            run.on(&report(Report::Killed { signal: 9 }), S(1));
            run.on(&reason(signal), S(1));
            assert_eq!(run.outcome().status(), 137);
        };
        check(Some(4), 132);
        check(None, 125);
        let mut run = Supervisor::new(Some(S(9)), None);
        run.on(&reason(Some(6)), S(1));
        run.on(&Event::Told(Told::WentOn), S(2));
        assert_eq!(run.deadline(), Some(S(9)));
    }

    #[test]
    fn guest_that_says_nothing_died() {
        let mut run = Supervisor::new(None, None);
        end_all(&mut run);
        assert_eq!(run.outcome().status(), 125);
    }

    #[test]
    fn machine_that_stays_on_is_killed_with_the_status_kept() {
        let mut run = Supervisor::new(None, None);
        run.on(&report(Report::Exited { status: 3 }), S(1));
        assert_eq!(run.tick(S(6)), [Action::Kill]);
        assert_eq!(run.outcome().status(), 3);
    }
}
