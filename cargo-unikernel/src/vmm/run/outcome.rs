//! How a run ended, and which exit status that is.

/// How a guest ended, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The program ended by itself with this status.
    Exited(u8),
    /// A signal ended the program (signal(7)).
    Killed(u8),
    /// The time that it was given passed.
    TimedOut,
    /// It was killed after an interrupt that it did not heed.
    Interrupted,
    /// The guest ended without saying how.
    Died,
    /// What the program wrote to its standard output could not be written on the host.
    OutputLost,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// Ticks of the guest's time stamp counter between the kernel's first instruction and the program's; `None` when the
    /// program never started.
    pub boot_ticks: Option<u64>,
}

impl Outcome {
    /// The exit status of the run: the program's own, or 128 and the signal that ended it; 124 for a time-out, 130 after an
    /// interrupt, 125 when no guest ended.
    #[must_use]
    pub fn status(&self) -> u8 {
        match self.end {
            End::Exited(status) => status,
            End::Killed(signal) => 128_u8.saturating_add(signal),
            End::TimedOut => 124,
            End::Died | End::OutputLost => 125,
            End::Interrupted => 130,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_the_guests_own_where_it_has_one() {
        let check = |end, expected| {
            let outcome = Outcome {
                end,
                boot_ticks: None,
            };
            assert_eq!(outcome.status(), expected, "{outcome:?}");
        };
        check(End::Exited(0), 0);
        check(End::Exited(255), 255);
        check(End::Killed(6), 134);
        check(End::Killed(11), 139);
        check(End::TimedOut, 124);
        check(End::Died, 125);
        check(End::OutputLost, 125);
        check(End::Interrupted, 130);
    }
}
