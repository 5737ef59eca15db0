//! Operations that may be the cause of a request's failure, although the server has not said so.
//!
//! Invariants:
//! - A failure speaks against an operation only if others got through since its last one; else it speaks against the server.
//! - Whatever the answers are, an operation is tried at most `max_attempts` times in a process before it is parked, with a growing wait before
//!   each attempt but the first.

use crate::error::Error;
use crate::outbox::RetryPolicy;
use crate::platform::Entropy;
use holm_protocol::codes::Code;
use std::collections::HashMap;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
struct Suspect {
    /// Failures, for the back-off.
    failures: u32,
    /// Failures while others got through.
    strikes: u32,
    /// How many operations had got through at the last one.
    successes: u64,
}

/// What to do with an operation that has failed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Judgement {
    /// Others go first; it is tried again after this time.
    Wait(Duration),
    /// It is the reason: set it aside.
    Park,
}

/// Failures by operation. Forgotten with the process.
#[derive(Debug, Default)]
pub(in crate::sync) struct SuspectList {
    suspects: HashMap<i64, Suspect>,
    /// Operations that got through so far.
    successes: u64,
    /// How many of them had got through when an operation was last parked without evidence.
    parked_at: Option<u64>,
}

impl SuspectList {
    /// These operations have got through, or have ended otherwise.
    pub fn settled(&mut self, op_seqs: impl Iterator<Item = i64>, succeeded: u64) {
        self.successes += succeeded;
        if !self.suspects.is_empty() {
            for op_seq in op_seqs {
                self.suspects.remove(&op_seq);
            }
        }
    }

    /// The server failed at this operation alone.
    pub fn failed(&mut self, op_seq: i64, policy: &RetryPolicy, entropy: &dyn Entropy) -> Judgement {
        let suspect = self.note(op_seq);
        if suspect.strikes >= policy.max_attempts {
            return self.park(op_seq);
        }
        Judgement::Wait(policy.delay(suspect.failures, entropy))
    }

    /// The server is busy: that is nothing against this operation.
    pub fn busy(&mut self, op_seq: i64, policy: &RetryPolicy, entropy: &dyn Entropy) -> Duration {
        policy.delay(self.note(op_seq).failures, entropy)
    }

    /// The server refused a request that was this operation alone, with a code that can be an operation's own fault.
    ///
    /// The first one is believed, and each one after others have got through. A server that refuses everything parks one operation and
    /// then has to refuse each other one as often as the policy allows.
    pub fn refused(&mut self, op_seq: i64, policy: &RetryPolicy, entropy: &dyn Entropy) -> Judgement {
        let evident = self.parked_at.is_none_or(|successes| self.successes > successes);
        let suspect = self.note(op_seq);
        if evident || suspect.failures >= policy.max_attempts {
            self.parked_at = Some(self.successes);
            return self.park(op_seq);
        }
        Judgement::Wait(policy.delay(suspect.failures, entropy))
    }

    /// The server refused a request that is larger than its published limits allow: there is nothing to find out.
    pub fn too_large(&mut self, op_seq: i64) -> Judgement {
        self.park(op_seq)
    }

    fn note(&mut self, op_seq: i64) -> Suspect {
        let successes = self.successes;
        let suspect = self.suspects.entry(op_seq).or_insert(Suspect { failures: 0, strikes: 1, successes });
        suspect.failures += 1;
        if successes > suspect.successes {
            (suspect.strikes, suspect.successes) = (suspect.strikes + 1, successes);
        }
        *suspect
    }

    fn park(&mut self, op_seq: i64) -> Judgement {
        self.suspects.remove(&op_seq);
        Judgement::Park
    }
}

/// Whether a whole request's refusal can be an operation's own fault.
pub(super) fn is_hunted(error: &Error) -> bool {
    matches!(error, Error::Refused { server_code, .. } if server_code == Code::ValidationError.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    const POLICY: RetryPolicy =
        RetryPolicy { base: Duration::from_secs(1), cap: Duration::from_secs(30), max_attempts: 3 };

    fn fail(list: &mut SuspectList, op_seq: i64) -> Judgement {
        list.failed(op_seq, &POLICY, &SystemEntropy)
    }

    fn refuse(list: &mut SuspectList, op_seq: i64) -> Judgement {
        list.refused(op_seq, &POLICY, &SystemEntropy)
    }

    #[test]
    fn an_operation_is_parked_only_while_others_get_through() {
        let mut list = SuspectList::default();
        for _ in 0..50 {
            assert_ne!(fail(&mut list, 7), Judgement::Park);
        }
        list.settled([8].into_iter(), 1);
        assert_ne!(fail(&mut list, 7), Judgement::Park);
        list.settled([9].into_iter(), 1);
        assert_eq!(fail(&mut list, 7), Judgement::Park);
    }

    #[test]
    fn f37_the_wait_of_an_operation_grows_with_its_failures() {
        let mut list = SuspectList::default();
        let waits: Vec<Judgement> = (0..8).map(|_| fail(&mut list, 7)).collect();
        let Judgement::Wait(last) = waits[7] else { panic!("{waits:?}") };
        assert!(last >= Duration::from_secs(15), "{waits:?}");
    }

    #[test]
    fn core_v8_a_server_that_refuses_everything_parks_one_operation_at_first() {
        let mut list = SuspectList::default();
        assert_eq!(refuse(&mut list, 1), Judgement::Park);
        for op_seq in 2..50 {
            assert_ne!(refuse(&mut list, op_seq), Judgement::Park, "{op_seq}");
        }
        list.settled([60].into_iter(), 1);
        assert_eq!(refuse(&mut list, 2), Judgement::Park);
        assert_ne!(refuse(&mut list, 3), Judgement::Park);
        assert_eq!(refuse(&mut list, 3), Judgement::Park, "f17: at most as often as the policy allows");
    }
}
