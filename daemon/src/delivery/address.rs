//! Who a viewer is: the address of the peer, or, where the peer is a proxy of ours, the one that the proxy says. Each
//! address gets so many places at a time, so that no single one can take them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use serde::{Serialize, Serializer};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies in a row that are believed; more than anybody has.
const HOPS_MAX: usize = 16;

/// Addresses that share their first bits, e.g. `10.0.0.0/8`; a single address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is neither an address nor a network; write it like 192.0.2.7 or 10.0.0.0/8")]
pub struct InvalidNetwork;

impl Network {
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_no_address| InvalidNetwork)?;
        let bits_max = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => bits_max,
            Some(bits) => bits.parse().map_err(|_no_number| InvalidNetwork)?,
        };
        if bits > bits_max { Err(InvalidNetwork) } else { Ok(Self { first, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The nearest address that is not one of our proxies. What stands to the left of it was said by a stranger. Where that
/// cannot be told it is the peer itself, also where the two fields disagree: a proxy writes one of them, and passes on
/// whatever its client wrote into the other.
pub(super) fn viewer(peer: IpAddr, fields: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let is_proxy = |address| proxies.iter().any(|proxy| proxy.contains(address));
    if !is_proxy(peer) {
        return peer;
    }
    let nearest = |name, read: fn(&str) -> Option<IpAddr>| {
        let hops = fields.get_all(name).iter().rev();
        let mut hops = hops.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
        let mut hops = hops.by_ref().take(HOPS_MAX).map(read);
        hops.find(|hop| hop.is_none_or(|address| !is_proxy(address))).flatten()
    };
    let forwarded = fields.contains_key(FORWARDED).then(|| nearest(FORWARDED, forwarded_for));
    let x_forwarded = fields.contains_key(X_FORWARDED_FOR).then(|| nearest(X_FORWARDED_FOR, bare));
    match (forwarded, x_forwarded) {
        (Some(one), Some(other)) if one != other => peer,
        (Some(found), _) | (None, Some(found)) => found.unwrap_or(peer),
        (None, None) => peer,
    }
}

/// An element of X-Forwarded-For: an address, by some proxies with its port.
fn bare(element: &str) -> Option<IpAddr> {
    let element = element.trim();
    let address = element.parse().or_else(|_with_port| element.parse::<SocketAddr>().map(|addr| addr.ip()));
    let bracketed = || element.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    address.ok().or_else(|| bracketed().map(IpAddr::V6))
}

/// An element of Forwarded (RFC 7239, section 4): its `for` parameter, unless it is a name made up by the proxy.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    let quoted = node.strip_prefix('"').and_then(|node| node.strip_suffix('"'));
    bare(quoted.unwrap_or(node))
}

/// What counts as one address: with IPv6 a customer gets a whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    V4(Ipv4Addr),
    V6(u64),
}

fn key(address: IpAddr) -> Key {
    match address.to_canonical() {
        IpAddr::V4(address) => Key::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h, ..] = address.octets();
            Key::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
        }
    }
}

/// What stands for an address where one address shall be one viewer.
pub(super) fn network_bytes(address: IpAddr) -> [u8; 9] {
    let (family, bits) = match key(address) {
        Key::V4(address) => (4, u64::from(address.to_bits())),
        Key::V6(bits) => (6, bits),
    };
    let [a, b, c, d, e, f, g, h] = bits.to_be_bytes();
    [family, a, b, c, d, e, f, g, h]
}

/// How many places each address has taken. Holds no address that has none.
#[derive(Debug)]
pub(super) struct Places {
    taken: Mutex<HashMap<Key, usize>>,
    max: usize,
}

/// Given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    key: Key,
}

impl Places {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), max })
    }

    /// `None` while the address has as many as it may have.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let key = key(address);
        let mut taken = self.taken();
        let count = taken.entry(key).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Place { places: Arc::clone(self), key })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self.places.taken().entry(self.key) {
            Entry::Occupied(mut count) if *count.get() > 1 => *count.get_mut() -= 1,
            Entry::Occupied(count) => {
                count.remove();
            }
            Entry::Vacant(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_what_begins_like_them() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().contains(ip(address)), expected, "{network}");
        }
        for wrong in ["", "proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8"] {
            assert_eq!(wrong.parse::<Network>(), Err(InvalidNetwork), "{wrong}");
        }
    }

    #[test]
    fn a_viewer_is_whom_our_own_proxies_saw() {
        let (forwarded, x) = ("forwarded", "x-forwarded-for");
        for (expected, fields) in [
            ("10.0.0.1", vec![]),
            ("203.0.113.5", vec![(x, "203.0.113.5")]),
            ("203.0.113.5", vec![(x, "198.51.100.1, 203.0.113.5")]),
            ("203.0.113.5", vec![(x, "198.51.100.1, 203.0.113.5, 10.0.0.2")]),
            ("203.0.113.5", vec![(x, "198.51.100.1"), (x, "203.0.113.5")]),
            ("203.0.113.5", vec![(x, "203.0.113.5:4711")]),
            ("2001:db8::1", vec![(x, "[2001:db8::1]:4711")]),
            ("2001:db8::1", vec![(x, "[2001:db8::1]")]),
            ("10.0.0.1", vec![(x, "198.51.100.1, nonsense")]),
            ("10.0.0.1", vec![(x, "10.0.0.2")]),
            ("10.0.0.1", vec![(x, "")]),
            ("203.0.113.5", vec![(forwarded, "for=198.51.100.1, for=203.0.113.5;proto=https")]),
            ("2001:db8::1", vec![(forwarded, "proto=http; For=\"[2001:db8::1]:99\"")]),
            ("10.0.0.1", vec![(forwarded, "for=198.51.100.1, for=_hidden")]),
            ("10.0.0.1", vec![(forwarded, "for=unknown")]),
            ("203.0.113.5", vec![(forwarded, "for=203.0.113.5"), (x, "203.0.113.5")]),
            ("10.0.0.1", vec![(forwarded, "for=198.51.100.1"), (x, "203.0.113.5")]),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &fields {
                map.append(*name, HeaderValue::from_static(value));
            }
            let proxies = ["10.0.0.0/8".parse().unwrap()];
            assert_eq!(viewer(ip("10.0.0.1"), &map, &proxies), ip(expected), "{fields:?}");
            assert_eq!(
                viewer(ip("192.0.2.1"), &map, &proxies),
                ip("192.0.2.1"),
                "a stranger says what it likes"
            );
            assert_eq!(viewer(ip("10.0.0.1"), &map, &[]), ip("10.0.0.1"), "nobody is trusted unless named");
        }
        let mut long = HeaderMap::new();
        long.append(x, format!("203.0.113.5{}", ", 10.0.0.2".repeat(1000)).parse().unwrap());
        assert_eq!(viewer(ip("10.0.0.1"), &long, &["10.0.0.0/8".parse().unwrap()]), ip("10.0.0.1"));
    }

    #[test]
    fn places_are_given_back_and_forgotten() {
        let places = Places::new(2);
        let first = places.take(ip("2001:db8::1")).unwrap();
        let second = places.take(ip("2001:db8::2")).unwrap();
        assert!(places.take(ip("2001:db8::3")).is_none(), "of the same /64");
        assert!(places.take(ip("2001:db8:0:1::1")).is_some());
        let other = places.take(ip("192.0.2.1")).unwrap();
        drop(first);
        let again = places.take(ip("2001:db8::3")).unwrap();
        assert!(places.take(ip("2001:db8::3")).is_none());
        drop((second, again, other));
        assert!(places.taken().is_empty());
    }
}
