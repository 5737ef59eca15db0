//! A size that halves when it was too much and grows back.
//!
//! Invariants:
//! - It is never 0 and never more than `most`.
//! - It grows to a size that has failed only after [`CALM`] successes below it: so a limit that stays is not run into again and again.

/// So many successes in a row below a size that has failed, and that size is tried again.
const CALM: u32 = 16;

/// How many operations or documents to put into one request.
#[derive(Debug)]
pub(in crate::sync) struct AdaptiveSize {
    size: usize,
    most: usize,
    /// The smallest size that has failed, and the successes since.
    failed: Option<(usize, u32)>,
}

impl AdaptiveSize {
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { size: most, most, failed: None }
    }

    pub fn get(&self) -> usize {
        self.size
    }

    /// A request of this size was too much.
    pub fn shrink(&mut self, size: usize) {
        self.size = (size.min(self.size) / 2).max(1);
        self.failed = (size > 1).then_some((size, 0));
    }

    /// A request went through.
    pub fn grow(&mut self) {
        let next = (self.size * 2).min(self.most);
        if let Some((failed, calm)) = &mut self.failed {
            *calm += 1;
            if next >= *failed && *calm < CALM {
                return;
            }
            if next >= *failed {
                self.failed = None;
            }
        }
        self.size = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f16_the_size_halves_down_to_one_and_recovers() {
        let mut size = AdaptiveSize::new(8);
        for expected in [4, 2, 1, 1] {
            size.shrink(size.get());
            assert_eq!(size.get(), expected);
        }
        for _ in 0..3 {
            size.grow();
        }
        assert_eq!(size.get(), 8);
    }

    #[test]
    fn core_v6_a_lasting_limit_is_not_run_into_after_each_success() {
        let (mut size, mut refused) = (AdaptiveSize::new(1_000), 0);
        for _ in 0..200 {
            if size.get() > 400 {
                refused += 1;
                size.shrink(size.get());
            } else {
                size.grow();
            }
        }
        assert!((2..=16).contains(&refused), "{refused}");
        for _ in 0..100 {
            size.grow();
        }
        assert_eq!(size.get(), 1_000, "it recovers when the limit has gone");
    }
}
