//! Versions of apps, as in `X-Client-Version`.

/// A version such as `1.4.0`, `1.4` or `2.0.0-beta.1+77`. A pre-release is older than its release; build metadata does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientVersion {
    numbers: (u64, u64, u64),
    released: bool,
}

impl ClientVersion {
    /// Reads one to three numbers; stores let apps have less than the three of semver.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (numbers, released) = match text.split_once('-') {
            Some((_, "")) => return None,
            Some((numbers, _)) => (numbers, false),
            None => (text, true),
        };
        let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
        let major = parts.next()??;
        let minor = parts.next().unwrap_or(Some(0))?;
        let patch = parts.next().unwrap_or(Some(0))?;
        parts.next().is_none().then_some(Self { numbers: (major, minor, patch), released })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_versions_are_ordered_as_semver() {
        let order = ["0.9", "1.0.0-beta", "1.0", "1.0.1+5", "1.2", "1.10.0", "2"];
        let read: Vec<_> = order.iter().map(|text| ClientVersion::parse(text).unwrap()).collect();
        assert!(read.is_sorted());
        for bad in ["", "v1", "1.", "1.2.3.4", "1.x", "1-"] {
            assert!(ClientVersion::parse(bad).is_none(), "{bad:?}");
        }
    }
}
