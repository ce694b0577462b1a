//! How a guest is reached, and how it reaches others: what no kernel has a say in.

mod forward;
mod ready;

use std::net::IpAddr;

pub use forward::{Forward, Protocol};
pub use ready::Ready;

/// How a guest gets its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// Nobody said: a run gives the address that its own network has for the guest, a disk asks a DHCP server.
    #[default]
    Unsaid,
    /// It asks a DHCP server (RFC 2131).
    Dhcp,
    /// It is told.
    Fixed(Fixed),
}

/// An address and what goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    /// The guest's own.
    pub address: IpAddr,
    /// Length of its network's prefix in bits.
    pub prefix: u8,
    /// The router.
    pub gateway: Option<IpAddr>,
    /// The name server.
    pub dns: Option<IpAddr>,
}
