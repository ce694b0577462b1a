//! A virtio console with ports (virtio 1.2, section 5.3), one port a stream.
//!
//! Port 0 has queues 0 and 1, control messages have 2 and 3, port n has 2n+2 (to us) and 2n+3 (from us). Only the queues in use
//! are set up. The device is told that we are there and answers with the ports that it has; output does not wait for that.

use alloc::boxed::Box;
use alloc::vec::Vec;

use unikernel_abi::stream::{Control, Stream};
use unikernel_machine::virtio::{Direction, Queue, VirtioDevice};

/// `VIRTIO_CONSOLE_F_MULTIPORT`.
const MULTIPORT: u64 = 1 << 1;

/// Queues of control messages, to us and from us.
const CONTROL_IN: u16 = 2;
const CONTROL_OUT: u16 = 3;

/// All queues: number, buffers, their length in bytes, direction.
const QUEUES: [(u16, u16, u32, Direction); 7] = [
    (CONTROL_IN, 16, 64, Direction::FromDevice),
    (CONTROL_OUT, 16, MESSAGE, Direction::ToDevice),
    (queue_in(Stream::Stdin), 4, 4096, Direction::FromDevice),
    (queue_out(Stream::Stdout), 4, 8192, Direction::ToDevice),
    (queue_out(Stream::Stderr), 4, 4096, Direction::ToDevice),
    (queue_in(Stream::Report), 2, 64, Direction::FromDevice),
    (queue_out(Stream::Report), 4, 2048, Direction::ToDevice),
];

/// Length of a control message without a name behind it: port, event, value.
const MESSAGE: u32 = 8;

/// Control events (virtio 1.2, section 5.3.6.2).
const DEVICE_READY: u16 = 0;
const PORT_ADD: u16 = 1;
const PORT_REMOVE: u16 = 2;
const PORT_READY: u16 = 3;
const PORT_OPEN: u16 = 6;

/// The driver's state.
pub(crate) struct Console {
    /// As [`QUEUES`].
    queues: Box<[Queue; 7]>,
    /// Whether the host closed the port of stdin, or took it away.
    is_stdin_closed: bool,
    /// Whether the host's wishes can come.
    is_reachable: bool,
}

impl Console {
    /// Starts the device; `None` when it has no ports or doesn't work.
    pub(crate) fn new(device: &mut VirtioDevice) -> Option<Self> {
        if device.negotiate(MULTIPORT).ok()? & MULTIPORT == 0 {
            return None;
        }
        let mut queues = Vec::with_capacity(QUEUES.len());
        for &(index, buffers, len, direction) in &QUEUES {
            queues.push(device.queue(index, buffers, len, direction).ok()?);
        }
        device.start();
        let mut console = Self {
            queues: queues.try_into().ok()?,
            is_stdin_closed: false,
            is_reachable: false,
        };
        console.tell(0, DEVICE_READY, 1);
        Some(console)
    }

    /// Sends as much as a buffer holds, if there is room.
    pub(crate) fn send(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        self.output(stream)
            .map_or(bytes.len(), |queue| queue.try_send(bytes))
    }

    /// Whether there is room to send.
    pub(crate) fn can_send(&mut self, stream: Stream) -> bool {
        self.output(stream).is_none_or(Queue::can_send)
    }

    fn output(&mut self, stream: Stream) -> Option<&mut Queue> {
        let [_, _, _, stdout, stderr, _, report] = &mut *self.queues;
        match stream {
            Stream::Stdin => None,
            Stream::Stdout => Some(stdout),
            Stream::Stderr => Some(stderr),
            Stream::Report => Some(report),
        }
    }

    /// The two that bring something.
    fn input(&mut self, stream: Stream) -> Option<&mut Queue> {
        let [_, _, stdin, _, _, report, _] = &mut *self.queues;
        match stream {
            Stream::Stdin => Some(stdin),
            Stream::Stdout | Stream::Stderr => None,
            Stream::Report => Some(report),
        }
    }

    fn control_in(&mut self) -> &mut Queue {
        let [queue, ..] = &mut *self.queues;
        queue
    }

    fn control_out(&mut self) -> &mut Queue {
        let [_, queue, ..] = &mut *self.queues;
        queue
    }

    fn stdin(&mut self) -> &mut Queue {
        let [_, _, queue, ..] = &mut *self.queues;
        queue
    }

    fn report_in(&mut self) -> &mut Queue {
        let [.., queue, _] = &mut *self.queues;
        queue
    }

    /// Takes what came for stdin; how many bytes.
    pub(crate) fn receive(&mut self, target: &mut [u8]) -> usize {
        self.listen();
        self.stdin().try_receive(target)
    }

    /// Whether nothing more can come for stdin.
    pub(crate) fn stdin_ended(&mut self) -> bool {
        self.listen();
        // What the host sent before it closed the port is in the queue by now.
        self.is_stdin_closed && !self.stdin().has_received()
    }

    /// What the host asks for, if anything came.
    pub(crate) fn control(&mut self) -> Option<Control> {
        self.listen();
        if self.is_reachable {
            // What the device has to say from now on is about stdin: who waits for that looks himself.
            self.control_in().mute();
        }
        let mut byte = [0];
        while self.report_in().try_receive(&mut byte) > 0 {
            let [byte] = byte;
            if let Some(control) = Control::from_byte(byte) {
                return Some(control);
            }
        }
        None
    }

    /// Whether the host has everything that was sent.
    pub(crate) fn is_drained(&mut self) -> bool {
        let [_, _, _, stdout, stderr, _, report] = &mut *self.queues;
        stdout.is_drained() && stderr.is_drained() && report.is_drained()
    }

    /// Answers the device's control messages.
    fn listen(&mut self) {
        let mut message = [0; 64];
        while let len @ 1.. = self.control_in().try_receive(&mut message) {
            if len < MESSAGE as usize {
                continue;
            }
            let [a, b, c, d, e, f, g, h, ..] = message;
            let port = u32::from_le_bytes([a, b, c, d]);
            if let Some(stream) = Stream::from_number(port) {
                self.answer(
                    stream,
                    u16::from_le_bytes([e, f]),
                    u16::from_le_bytes([g, h]),
                );
            }
        }
    }

    fn answer(&mut self, stream: Stream, event: u16, value: u16) {
        let is_stdin = stream == Stream::Stdin;
        match event {
            PORT_ADD => {
                self.tell(stream.port(), PORT_READY, 1);
                self.tell(stream.port(), PORT_OPEN, 1);
                self.is_stdin_closed &= !is_stdin;
                self.is_reachable |= stream == Stream::Report;
                if let Some(queue) = self.input(stream) {
                    queue.announce();
                }
            }
            PORT_OPEN if is_stdin => self.is_stdin_closed = value == 0,
            PORT_REMOVE if is_stdin => self.is_stdin_closed = true,
            _ => {}
        }
    }

    /// Sends a control message. One that finds no room is lost; there is room for more than all ports need.
    fn tell(&mut self, port: u32, event: u16, value: u16) {
        let message = u64::from(port) | u64::from(event) << 32 | u64::from(value) << 48;
        self.control_out().try_send(&message.to_le_bytes());
    }
}

/// The queue that brings a port's bytes to us; stream numbers are small constants.
const fn queue_in(stream: Stream) -> u16 {
    (stream as u16).saturating_mul(2).saturating_add(2)
}

/// The queue that takes a port's bytes from us.
const fn queue_out(stream: Stream) -> u16 {
    queue_in(stream).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unikernel_machine::testing::{DevicePeer, virtio_device};
    use unikernel_machine::virtio::DeviceKind;

    fn console() -> (Console, DevicePeer) {
        let (mut device, peer) = virtio_device(DeviceKind::Console, MULTIPORT, &[]);
        (Console::new(&mut device).unwrap(), peer)
    }

    fn message(port: u8, event: u8, value: u8) -> [u8; 8] {
        [port, 0, 0, 0, event, 0, value, 0]
    }

    #[test]
    fn streams_have_ports_of_their_own() {
        let (mut console, peer) = console();
        assert_eq!(peer.take(CONTROL_OUT), message(0, 0, 1));
        assert_eq!(console.send(Stream::Stdout, b"out"), 3);
        assert_eq!(console.send(Stream::Stderr, b"err"), 3);
        assert_eq!(console.send(Stream::Report, b"rep"), 3);
        assert_eq!(
            (peer.take(7), peer.take(9), peer.take(11)),
            (b"out".to_vec(), b"err".to_vec(), b"rep".to_vec())
        );
    }

    #[test]
    fn announced_port_is_opened() {
        let (mut console, peer) = console();
        peer.take(CONTROL_OUT);
        peer.send(CONTROL_IN, &message(1, 1, 1));
        assert!(!console.stdin_ended());
        assert_eq!(
            peer.take(CONTROL_OUT),
            [message(1, 3, 1), message(1, 6, 1)].concat()
        );
    }

    #[test]
    fn stdin_ends_when_the_host_closed_and_all_is_read() {
        let (mut console, peer) = console();
        peer.send(CONTROL_IN, &message(1, 1, 1));
        peer.send(4, b"hi");
        peer.send(CONTROL_IN, &message(1, 6, 0));
        assert!(!console.stdin_ended());
        let mut buffer = [0; 8];
        assert_eq!(console.receive(&mut buffer), 2);
        assert!(console.stdin_ended());
    }

    #[test]
    fn host_asks_for_the_end() {
        let (mut console, peer) = console();
        assert_eq!(console.control(), None);
        peer.send(10, b"?T");
        assert_eq!(console.control(), Some(Control::Terminate));
        assert_eq!(console.control(), None);
    }

    #[test]
    fn console_without_ports_is_not_used() {
        let (mut device, _peer) = virtio_device(DeviceKind::Console, 0, &[]);
        assert!(Console::new(&mut device).is_none());
    }

    #[test]
    fn full_port_takes_a_part() {
        let (mut console, peer) = console();
        let bytes = [b'x'; 50_000];
        for _ in 0..4 {
            assert_eq!(console.send(Stream::Stdout, &bytes), 8192);
        }
        assert_eq!(console.send(Stream::Stdout, &bytes), 0);
        assert!(!console.can_send(Stream::Stdout));
        assert!(!console.is_drained());
        peer.take(7);
        peer.take(9);
        assert!(console.is_drained());
    }
}
