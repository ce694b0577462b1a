//! What the other end of a connection on this host has not read yet (proc(5), `/proc/net/tcp`).

use std::net::TcpStream;
use std::path::Path;

use crate::fs;

/// The state `CLOSE_WAIT` (Linux, `include/net/tcp_states.h`): we have ended the connection, the other end has not.
const CLOSE_WAIT: &str = "08";

/// Whether the other end, on this host, of a connection that we have ended has read all of it, its end included; `None` when that
/// end is closed, or can't be seen.
pub(super) fn is_read(stream: &TcpStream) -> Option<bool> {
    let (ours, theirs) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
    let table = fs::read_text(Path::new("/proc/net/tcp")).ok()?;
    let unread = unread(&table, theirs.port(), ours.port())?;
    Some(unread == 0)
}

/// Bytes in the receive queue of the end on port `local` of the connection to port `remote`; its end counts as one.
fn unread(table: &str, local: u16, remote: u16) -> Option<u64> {
    let lines = table.lines();
    let mut lines = lines.map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let is_port = |address: &str, port: u16| {
        let number = address.split_once(':');
        number.and_then(|(_, port)| u16::from_str_radix(port, 16).ok()) == Some(port)
    };
    lines.find_map(|columns| match columns[..] {
        [_, from, to, CLOSE_WAIT, queues, ..] if is_port(from, local) && is_port(to, remote) => {
            let (_, received) = queues.split_once(':')?;
            u64::from_str_radix(received, 16).ok()
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::{Shutdown, TcpListener};

    use super::*;

    #[test]
    fn end_of_a_connection_counts_until_it_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut theirs, _) = listener.accept().unwrap();
        assert_eq!(is_read(&ours), None);
        ours.shutdown(Shutdown::Write).unwrap();
        assert_eq!(is_read(&ours), Some(false));
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
        assert_eq!(is_read(&ours), Some(true));
        drop(theirs);
        assert_eq!(is_read(&ours), None);
    }

    #[test]
    fn table_is_read_by_ports_and_state() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr\n\
            \x20  0: 0100007F:1F90 0100007F:C001 01 00000000:00000005 00\n\
            \x20  1: 0100007F:1F90 0100007F:C000 08 00000000:0000000A 00\n";
        assert_eq!(unread(table, 0x1f90, 0xc000), Some(10));
        assert_eq!(unread(table, 0x1f90, 0xc001), None);
        assert_eq!(unread(table, 0xc000, 0x1f90), None);
    }
}
