//! Handlers that run and come back, without a program: its registers are looked at.

use linux_raw_sys::general as linux;
use unikernel_abi::bytes::{u32_at, u64_at};
use unikernel_machine::address::UserAddr;
use unikernel_machine::user::Access;

use super::frame::{CONTEXT, INFO};
use super::info::Info;
use super::stack::SignalStack;
use super::state::To;
use super::{Action, Disposition, Signal, SignalSet};
use crate::kernel::Ending;
use crate::testing::Process;

const HANDLER: u64 = 0x4_0000;
const RESTORER: u64 = 0x4_1000;
const HAS_RESTORER: u64 = 0x0400_0000;
/// Offsets in `struct ucontext`.
const RIP: u64 = 40 + 128;
const R12: u64 = 40 + 32;

fn signal(number: u32) -> Signal {
    Signal::new(number).unwrap()
}

/// A process with a stack and a handler for a signal.
fn with_handler(number: u32, flags: u32) -> (Process, u64) {
    let mut process = Process::new();
    // At the end of its memory: what is above is reported when it ends.
    let stack = process.room(0) + 0x3_fc00;
    let context = &mut process.kernel.thread.context;
    context.rsp = stack;
    context.rip = 0x1111;
    context.r12 = 0x1212;
    context.xmm[2] = 22;
    set(&mut process, number, flags);
    (process, stack)
}

fn set(process: &mut Process, number: u32, flags: u32) {
    let action = Action {
        handler: HANDLER,
        flags: HAS_RESTORER | u64::from(flags),
        restorer: RESTORER,
        mask: 0,
    };
    process.kernel.signals.set_action(signal(number), action);
}

fn deliver(process: &mut Process, number: u32) {
    let info = Info::of_sender(signal(number), 0);
    process
        .kernel
        .signals
        .send(To::Process, signal(number), info)
        .unwrap();
    process.kernel.deliver_signals();
}

/// The handler returns, by way of the restorer.
fn leave(process: &mut Process) {
    process.kernel.thread.context.rsp += 8;
    process.call(linux::__NR_rt_sigreturn, &[]).unwrap();
}

#[test]
fn handler_runs_and_comes_back() {
    let (mut process, stack) = with_handler(10, linux::SA_SIGINFO);
    deliver(&mut process, 10);
    let context = process.kernel.thread.context.clone();
    assert_eq!((context.rip, context.rdi), (HANDLER, 10));
    assert_eq!(context.rsp % 16, 8);
    assert!(context.rsp < stack - 128);
    assert_eq!(context.rsi, context.rsp + INFO);
    assert_eq!(context.rdx, context.rsp + CONTEXT);
    assert_eq!(context.xmm[2], 0);
    let frame = process.bytes(context.rsp, 440);
    assert_eq!(u64_at(&frame, 0), Some(RESTORER));
    assert_eq!(u32_at(&frame, INFO as usize), Some(10));
    assert!(process.kernel.signals.blocked.has(signal(10)));
    leave(&mut process);
    let context = &process.kernel.thread.context;
    assert_eq!(
        (context.rip, context.r12, context.rsp),
        (0x1111, 0x1212, stack)
    );
    assert_eq!(context.xmm[2], 22);
    assert_eq!(process.kernel.signals.blocked, SignalSet(0));
}

#[test]
fn what_a_handler_writes_into_its_frame_counts() {
    let (mut process, _) = with_handler(10, 0);
    deliver(&mut process, 10);
    let context = process.kernel.thread.context.rdx;
    for (offset, value) in [(RIP, 0x2222_u64), (R12, 7)] {
        process
            .kernel
            .memory
            .write(UserAddr(context + offset), &value.to_le_bytes())
            .unwrap();
    }
    leave(&mut process);
    let context = &process.kernel.thread.context;
    assert_eq!((context.rip, context.r12), (0x2222, 7));
}

#[test]
fn frame_that_can_not_be_is_a_fault() {
    let (mut process, _) = with_handler(10, 0);
    process.kernel.thread.context.rsp = 0x10;
    process.kernel.leave_handler();
    process.kernel.deliver_signals();
    assert_eq!(process.kernel.ending, Some(Ending::Killed(linux::SIGSEGV)));
}

#[test]
fn no_room_for_a_frame_is_a_fault() {
    let (mut process, _) = with_handler(10, 0);
    process.kernel.thread.context.rsp = 0x7000;
    deliver(&mut process, 10);
    assert_eq!(process.kernel.ending, Some(Ending::Killed(linux::SIGSEGV)));
    // A handler of the fault, on a stack that is there, runs.
    let (mut process, stack) = with_handler(10, 0);
    set(&mut process, linux::SIGSEGV, linux::SA_ONSTACK);
    process.kernel.thread.signal_stack = SignalStack {
        start: stack - 0x8000,
        flags: 0,
        len: 0x4000,
    };
    process.kernel.thread.context.rsp = 0x7000;
    deliver(&mut process, 10);
    assert_eq!(process.kernel.ending, None);
    assert_eq!(process.kernel.thread.context.rdi, u64::from(linux::SIGSEGV));
}

#[test]
fn handler_without_a_way_back_is_a_fault() {
    let (mut process, _) = with_handler(10, 0);
    let mut action = process.kernel.signals.action(signal(10));
    action.flags = 0;
    process.kernel.signals.set_action(signal(10), action);
    deliver(&mut process, 10);
    assert_eq!(process.kernel.ending, Some(Ending::Killed(linux::SIGSEGV)));
}

#[test]
fn alternate_stack_is_used_when_asked_for() {
    let (mut process, stack) = with_handler(10, linux::SA_ONSTACK);
    let other = SignalStack {
        start: stack - 0x8000,
        flags: linux::SS_AUTODISARM,
        len: 0x4000,
    };
    process.kernel.thread.signal_stack = other;
    deliver(&mut process, 10);
    assert!(other.holds(process.kernel.thread.context.rsp));
    assert_eq!(process.kernel.thread.signal_stack, SignalStack::NONE);
    leave(&mut process);
    assert_eq!(process.kernel.thread.signal_stack, other);
}

#[test]
fn interrupted_call_is_made_again_or_fails() {
    for (flags, expected) in [
        (linux::SA_RESTART, (0x1111 - 2, 35)),
        (0, (0x1111, -4_i64 as u64)),
    ] {
        let (mut process, _) = with_handler(10, flags);
        process.kernel.thread.interrupted = Some(35);
        deliver(&mut process, 10);
        leave(&mut process);
        let context = &process.kernel.thread.context;
        assert_eq!((context.rip, context.rax), expected);
    }
}

#[test]
fn one_shot_handler_is_gone_when_it_runs() {
    let (mut process, _) = with_handler(10, linux::SA_RESETHAND);
    deliver(&mut process, 10);
    assert_eq!(
        process.kernel.signals.disposition(signal(10)),
        Disposition::Fatal
    );
}

#[test]
fn fault_reaches_its_handler_and_is_not_reported() {
    let (mut process, _) = with_handler(linux::SIGSEGV, linux::SA_SIGINFO);
    process.kernel.page_fault(UserAddr(0x18), Access::Write);
    process.kernel.deliver_signals();
    let info = process.kernel.thread.context.rsi;
    assert_eq!(u64_at(&process.bytes(info, 48), 16), Some(0x18));
    assert_eq!(process.reports(), [""; 0]);
    // Once more inside of the handler: the signal is blocked.
    process.kernel.page_fault(UserAddr(0x20), Access::Read);
    process.kernel.deliver_signals();
    assert_eq!(process.kernel.ending, Some(Ending::Killed(linux::SIGSEGV)));
    assert_eq!(process.reports(), ["fault 11 1 0x20"]);
}

#[test]
fn real_time_signals_queue_up_to_a_limit() {
    let mut process = Process::new();
    process.kernel.signals.blocked = SignalSet(u64::MAX).blockable();
    let info = process.put(&[0; 128]);
    let queue = |process: &mut Process, number: u64| {
        process.call(linux::__NR_rt_sigqueueinfo, &[1, number, info])
    };
    for _ in 0..1024 {
        assert_eq!(queue(&mut process, 40), Ok(0));
    }
    assert_eq!(queue(&mut process, 40), Err(crate::errno::Errno::EAGAIN));
    assert_eq!(queue(&mut process, 12), Ok(0));
    let first = process.kernel.signals.take(SignalSet(u64::MAX)).unwrap();
    assert_eq!(first.0, signal(12));
}

#[test]
fn mask_of_a_wait_ends_with_it() {
    let (mut process, _) = with_handler(10, 0);
    process.kernel.signals.blocked.add(signal(10));
    deliver(&mut process, 10);
    let none = process.put(&[0; 8]);
    let result = process.call(linux::__NR_rt_sigsuspend, &[none, 8]);
    assert_eq!(result, Err(crate::errno::Errno::EINTR));
    process.kernel.deliver_signals();
    assert_eq!(process.kernel.thread.context.rip, HANDLER);
    leave(&mut process);
    assert!(process.kernel.signals.blocked.has(signal(10)));
}
