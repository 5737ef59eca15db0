//! What the listener tells of a request: where it comes from, and what is wrong with it.

use std::net::{IpAddr, Ipv6Addr};

/// The client's address, an extension of each request that came by a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What makes a request one that no two readers need understand alike, an extension of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Whose address this is for counting: in IPv6 a network of 64 bits is one customer's.
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_the_customers_network() {
        let [a, b, c] =
            ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"].map(|text| origin(text.parse().unwrap()));
        assert!(a == b && a != c);
        assert_eq!(origin("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }
}
