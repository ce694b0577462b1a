//! What tells that a guest is ready: `tcp:PORT`, `http:PORT/PATH`, `line:TEXT`.

use std::str::FromStr;

use crate::error::{Error, Result};

/// When a guest is ready. Ports are the guest's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// When it listens on this port.
    Tcp(u16),
    /// When a request for this path gets an answer below 500.
    Http(u16, String),
    /// When a line of its output holds this text.
    Line(String),
}

impl Ready {
    /// The guest's port that is asked; none for a line.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(port) | Self::Http(port, _) => Some(*port),
            Self::Line(_) => None,
        }
    }

    /// The text that is waited for; none for a port.
    #[must_use]
    pub fn line(&self) -> Option<&str> {
        match self {
            Self::Line(text) => Some(text),
            Self::Tcp(_) | Self::Http(..) => None,
        }
    }
}

impl FromStr for Ready {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::input(format!("`{text}` does not say when a guest is ready"))
                .hint("write tcp:PORT, http:PORT/PATH or line:TEXT")
        };
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
        match text.split_once(':') {
            Some(("tcp", number)) => port(number).map(Self::Tcp).ok_or_else(wrong),
            Some(("http", rest)) => {
                let (number, path) = rest.split_once('/').unwrap_or((rest, ""));
                let is_plain = |c: char| c.is_ascii_graphic();
                let path = Some(path).filter(|path| path.chars().all(is_plain));
                match (port(number), path) {
                    (Some(port), Some(path)) => Ok(Self::Http(port, format!("/{path}"))),
                    _ => Err(wrong()),
                }
            }
            Some(("line", line)) if !line.is_empty() => Ok(Self::Line(line.to_owned())),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        let check = |text: &str, expected: Ready| {
            assert_eq!(text.parse::<Ready>().unwrap(), expected);
        };
        check("tcp:1883", Ready::Tcp(1883));
        check("http:80", Ready::Http(80, "/".to_owned()));
        check("http:80/a?b", Ready::Http(80, "/a?b".to_owned()));
        check("line:up: now", Ready::Line("up: now".to_owned()));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "tcp", "tcp:0", "tcp:x", "http:80/a b", "line:", "udp:1"] {
            assert!(text.parse::<Ready>().is_err(), "{text}");
        }
    }
}
