//! Checks whether a device may continue from its cursors.

use crate::error::{Code, Failure};
use crate::model::{Cursor, StreamName};
use crate::store::streams::Head;
use serde_json::json;

/// Reads a cursor as a client sent it.
pub(crate) fn read(text: &str) -> Result<Cursor, Failure> {
    Cursor::decode(text).ok_or_else(invalid)
}

/// Collects the streams of a request that must be started anew, so that the answer names all of them.
#[derive(Debug, Default)]
pub(crate) struct Check {
    expired: Vec<String>,
    foreign: Vec<String>,
}

impl Check {
    /// Looks at one cursor.
    ///
    /// # Errors
    /// `CURSOR_INVALID` if it is one of another stream.
    pub(crate) fn cursor(
        &mut self,
        cursor: &Cursor,
        stream: &StreamName,
        head: &Head,
        epoch: &str,
    ) -> Result<(), Failure> {
        let name = stream.to_string();
        if cursor.collection != stream.collection || !cursor.is_in(&stream.space) {
            return Err(invalid());
        }
        // Beyond the head: the database lost what the cursor has seen, which an epoch should have told.
        if !cursor.is_of_epoch(epoch) || cursor.seq > head.last_seq {
            self.foreign.push(name);
        } else if cursor.horizon() < head.min_seq {
            self.expired.push(name);
        }
        Ok(())
    }

    /// Looks at a point in time.
    pub(crate) fn since(&mut self, us: i64, stream: &StreamName, head: &Head) {
        if us < head.min_us {
            self.expired.push(stream.to_string());
        }
    }

    /// The failure of all of them together, if there is one.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let (code, message, mut streams) = match (self.foreign.is_empty(), self.expired.is_empty()) {
            (true, true) => return Ok(()),
            (false, _) => (Code::EpochChanged, "the server's data was replaced; take a snapshot", self.foreign),
            (true, false) => (Code::CursorExpired, "deletions since then are forgotten; take a snapshot", Vec::new()),
        };
        streams.extend(self.expired);
        Err(Failure::new(code, message).with("resync", &json!({"mode": "snapshot", "streams": streams})))
    }
}

fn invalid() -> Failure {
    Failure::new(Code::CursorInvalid, "the cursor is not one of this stream")
}
