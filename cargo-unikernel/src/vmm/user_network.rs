//! QEMU's user network: the guest alone behind the host, at the address that it was given (QEMU, `-netdev user`).

use std::net::{IpAddr, Ipv4Addr};

use crate::error::{Error, Result};
use crate::network::{Fixed, Forward, Network};

/// The lengths of a prefix, in bits, of networks that QEMU makes and that have room for guest, router and name server.
const PREFIXES: std::ops::RangeInclusive<u8> = 4..=29;

/// Where the network's own machines are, counted from its first address; QEMU's own choice comes first.
const PLACES: [u32; 5] = [2, 3, 1, 4, 5];

/// A network that has an address of the user's in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Around {
    guest: Ipv4Addr,
    net: Ipv4Addr,
    prefix: u8,
    router: Ipv4Addr,
    dns: Ipv4Addr,
}

/// Whether the guest can have its address in a network of QEMU's.
///
/// # Errors
/// When there is no room for a router and a name server beside it.
pub(super) fn check(network: &Network) -> Result<()> {
    match network {
        Network::Fixed(fixed) if fixed.address.is_ipv4() && !PREFIXES.contains(&fixed.prefix) => {
            Err(Error::input(format!(
                "[net] address = {}/{}: the network of a run needs room for a router and a name server",
                fixed.address, fixed.prefix
            ))
            .hint(format!(
                "give a prefix of {} to {} bits; the image is fine on other networks",
                PREFIXES.start(),
                PREFIXES.end()
            )))
        }
        _ => Ok(()),
    }
}

/// The value of `-netdev`, with the ports of the host that lead into the guest.
pub(super) fn netdev(network: &Network, forwards: &[Forward]) -> String {
    let around = match network {
        Network::Fixed(fixed) => around(fixed),
        Network::Unsaid | Network::Dhcp => None,
    };
    let mut value = "user,id=net".to_owned();
    if let Some(around) = around {
        let Around {
            guest,
            net,
            prefix,
            router,
            dns,
        } = around;
        value.push_str(&format!(
            ",net={net}/{prefix},host={router},dns={dns},dhcpstart={guest}"
        ));
    }
    // Without an address QEMU takes the one that it gives by DHCP.
    let guest = around.map_or_else(String::new, |around| around.guest.to_string());
    for forward in forwards {
        let (protocol, ip) = (forward.protocol.word(), forward.ip);
        value.push_str(&format!(
            ",hostfwd={protocol}:{ip}:{}-{guest}:{}",
            forward.host, forward.guest
        ));
    }
    value
}

/// The network around a guest; `None` for IPv6, which no kernel speaks that takes an address.
fn around(fixed: &Fixed) -> Option<Around> {
    let IpAddr::V4(guest) = fixed.address else {
        return None;
    };
    let mask = u32::MAX
        .checked_shl(32 - u32::from(fixed.prefix))
        .unwrap_or(0);
    let net = guest.to_bits() & mask;
    let inside = |address: Option<IpAddr>, taken: &[Ipv4Addr]| {
        let wanted = address.and_then(|address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        let own = PLACES.iter().map(|place| Ipv4Addr::from_bits(net | place));
        let mut all = wanted.into_iter().chain(own);
        all.find(|address| address.to_bits() & mask == net && !taken.contains(address))
    };
    let router = inside(fixed.gateway, &[guest])?;
    let dns = inside(fixed.dns, &[guest, router])?;
    Some(Around {
        guest,
        net: Ipv4Addr::from_bits(net),
        prefix: fixed.prefix,
        router,
        dns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(address: &str, prefix: u8, gateway: &str, dns: &str) -> Network {
        Network::Fixed(Fixed {
            address: address.parse().unwrap(),
            prefix,
            gateway: gateway.parse().ok(),
            dns: dns.parse().ok(),
        })
    }

    #[test]
    fn network_lies_around_the_guest() {
        let check = |network: Network, expected: &str| {
            let forwards = ["8080:80".parse().unwrap()];
            let value = netdev(&network, &forwards);
            assert_eq!(value.strip_prefix("user,id=net"), Some(expected));
        };
        check(Network::Unsaid, ",hostfwd=tcp:127.0.0.1:8080-:80");
        check(
            fixed("10.0.2.77", 24, "10.0.2.2", "1.1.1.1"),
            ",net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3,dhcpstart=10.0.2.77,hostfwd=tcp:127.0.0.1:8080-10.0.2.77:80",
        );
        check(
            fixed("192.168.7.2", 29, "", ""),
            ",net=192.168.7.0/29,host=192.168.7.3,dns=192.168.7.1,dhcpstart=192.168.7.2,hostfwd=tcp:127.0.0.1:8080-192.168.7.2:80",
        );
        check(
            fixed("172.16.0.3", 12, "172.31.0.1", "172.31.0.1"),
            ",net=172.16.0.0/12,host=172.31.0.1,dns=172.16.0.2,dhcpstart=172.16.0.3,hostfwd=tcp:127.0.0.1:8080-172.16.0.3:80",
        );
    }

    #[test]
    fn network_without_room_is_refused() {
        assert!(check(&fixed("10.0.2.1", 30, "", "")).is_err());
        assert!(check(&fixed("10.0.2.1", 29, "", "")).is_ok());
        assert!(check(&Network::Dhcp).is_ok());
    }
}
