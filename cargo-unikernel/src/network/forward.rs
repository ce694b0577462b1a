//! Ports of the host that lead into the guest: `[IP:][HOST:]GUEST[/udp]`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::str::FromStr;

use crate::error::{Error, Result};

/// A port of the host that leads to one of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forward {
    /// Where the host listens.
    pub ip: Ipv4Addr,
    /// The host's port.
    pub host: u16,
    /// The guest's port.
    pub guest: u16,
    /// What is carried.
    pub protocol: Protocol,
}

/// What a forward carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Protocol {
    /// QEMU's word for it, and the user's.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl Forward {
    /// Whether the host's port is free, as far as that can be known before the VMM takes it.
    ///
    /// # Errors
    /// When another program has it, or it can't be had by this user.
    pub fn check_free(&self) -> Result<()> {
        let address = SocketAddrV4::new(self.ip, self.host);
        let taken = match self.protocol {
            Protocol::Tcp => TcpListener::bind(address).err(),
            Protocol::Udp => UdpSocket::bind(address).err(),
        };
        match taken {
            None => Ok(()),
            Some(cause) => Err(Error::input(format!(
                "can't forward port {} of {}: {cause}",
                self.host, self.ip
            ))
            .hint(format!("choose another one: -f PORT:{}", self.guest))),
        }
    }
}

impl FromStr for Forward {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: String| {
            Error::input(format!("`{text}` is no forward: {why}")).hint(
                "write [IP:][HOST:]GUEST[/udp], such as 1883, 8080:80, 0.0.0.0:8080:80, 53/udp",
            )
        };
        let (ports, protocol) = match text.rsplit_once('/') {
            Some((ports, "tcp")) => (ports, Protocol::Tcp),
            Some((ports, "udp")) => (ports, Protocol::Udp),
            Some((_, other)) => return Err(wrong(format!("`{other}` is neither tcp nor udp"))),
            None => (text, Protocol::Tcp),
        };
        let port = |text: &str| {
            let number = text.parse::<u16>().ok().filter(|number| *number != 0);
            number.ok_or_else(|| wrong(format!("`{text}` is no port between 1 and 65535")))
        };
        let parts: Vec<&str> = ports.split(':').collect();
        let (ip, host, guest) = match parts[..] {
            [guest] => (None, guest, guest),
            [first, guest] if first.contains('.') => (Some(first), guest, guest),
            [host, guest] => (None, host, guest),
            [ip, host, guest] => (Some(ip), host, guest),
            _ => return Err(wrong("it has too many parts".to_owned())),
        };
        let ip = match ip {
            None => Ipv4Addr::LOCALHOST,
            Some(ip) => match ip.parse() {
                Ok(IpAddr::V4(ip)) => ip,
                _ => return Err(wrong(format!("`{ip}` is no IPv4 address"))),
            },
        };
        Ok(Self {
            ip,
            host: port(host)?,
            guest: port(guest)?,
            protocol,
        })
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ip, host, guest) = (self.ip, self.host, self.guest);
        write!(f, "{ip}:{host}:{guest}/{}", self.protocol.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Forward>().unwrap().to_string(), expected);
        };
        check("1883", "127.0.0.1:1883:1883/tcp");
        check("8080:80", "127.0.0.1:8080:80/tcp");
        check("0.0.0.0:80", "0.0.0.0:80:80/tcp");
        check("0.0.0.0:8080:80", "0.0.0.0:8080:80/tcp");
        check("5353:53/udp", "127.0.0.1:5353:53/udp");
    }

    #[test]
    fn port_of_another_program_is_told() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let forward: Forward = format!("{port}:80").parse().unwrap();
        let error = forward.check_free().unwrap_err();
        assert!(error.to_string().contains(&port.to_string()), "{error}");
        assert!(error.hint_text().unwrap().contains("-f PORT:80"));
        drop(other);
        assert!(forward.check_free().is_ok());
    }

    #[test]
    fn what_is_none_says_why() {
        let check = |text: &str, expected: &str| {
            let error = text.parse::<Forward>().unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.hint_text().is_some());
        };
        check("", "`` is no port");
        check("0", "`0` is no port");
        check("65536", "`65536` is no port");
        check("80/sctp", "neither tcp nor udp");
        check("::1:80:80", "too many parts");
        check("localhost:80:80", "`localhost` is no IPv4");
    }
}
