//! Stamps of writes (hybrid logical clock: Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014).

use std::fmt;

/// A stamp: when (ms since 1970, server time as well as the device knows it), a counter, and which device. Ordered in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// Orders stamps of the same millisecond.
    pub counter: u32,
    /// The device: breaks ties.
    pub node: String,
}

impl Hlc {
    /// Reads `"<ms>:<counter>:<node>"`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let ms = parts.next()?.parse().ok()?;
        let counter = parts.next()?.parse().ok()?;
        Some(Self { ms, counter, node: parts.next()?.to_owned() })
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ms, self.counter, self.node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_back() {
        let stamp = Hlc { ms: 7, counter: 3, node: "a:b".into() };
        assert_eq!(Hlc::parse(&stamp.to_string()).unwrap(), stamp);
        assert!(Hlc::parse("7:3").is_none());
    }
}
