//! Decisions that are made before a write has its turn.
//!
//! A write that looks at much (edits of large sets, patches that copy) is decided on a thread that reads. The one thread that writes then looks whether
//! the record is still the one that was decided on: what is refused costs it nothing, and what is accepted is only stored.
//!
//! Invariant: a decision is used for no other record than the one that it was made on, so it is the one that the writer would make.

use super::decide::{Decision, Refusal, Write, WriteRules};
use super::stored::decided;
use crate::store::StoreError;
use crate::store::records::Record;

/// A decision on a record as it was.
#[derive(Debug, Clone)]
pub(crate) struct Ahead {
    seq: i64,
    decision: Result<Decision, Refusal>,
}

impl Ahead {
    /// Decides on a write to a record.
    pub(super) fn of(record: &Record, write: Write<'_>, rules: WriteRules<'_>) -> Result<Self, StoreError> {
        Ok(Self { seq: record.seq, decision: decided(Some(record), write, rules)? })
    }

    /// The decision, if this is the record that it was made on: no two changes of a stream have one number.
    pub(super) fn on(&self, record: Option<&Record>) -> Option<Result<Decision, Refusal>> {
        record.filter(|record| record.seq == self.seq).map(|_| self.decision.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Collection;
    use crate::model::{Change, field_ops};
    use crate::store::records::OwnStamps;
    use holm_protocol::limits::Limits;
    use serde_json::json;

    #[test]
    fn decision_is_for_the_record_that_it_was_made_on() {
        let record = |seq| Record {
            row: 1,
            seq,
            id: "a".to_owned(),
            version: 1,
            created_us: 0,
            updated_us: 0,
            own_stamps: OwnStamps::default(),
            origin_device: None,
            origin_op: None,
            body: Some("{}".to_owned()),
            created_version: 1,
            hlc: "1:0:d".to_owned(),
            create_hlc: None,
            path_stamps: None,
            client_id: None,
        };
        let change = Change::FieldOps(field_ops(vec![json!({"op": "inc", "path": "/n", "by": 1})], 64).unwrap());
        let write = Write { change: &change, base: None, exact: false, hlc: "2:0:e", latest_ms: 9 };
        let collection = Collection::default();
        let rules = WriteRules { collection: &collection, bounds: Limits::default().record(), max_patch_ops: 9 };
        let ahead = Ahead::of(&record(5), write, rules).unwrap();
        assert!(matches!(ahead.on(Some(&record(5))), Some(Ok(Decision::Put(_)))));
        assert_eq!(ahead.on(Some(&record(6))), None);
        assert_eq!(ahead.on(None), None);
    }
}
