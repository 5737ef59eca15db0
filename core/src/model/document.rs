//! A document as a reader sees it.

use super::with_id::WithId;
use super::{Body, SyncStatus};
use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The server's count of the accepted writes that changed a document: 1, 2, 3 …
pub type Version = i64;

/// One document: its content with all local edits, and how it stands with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id; for ever the same.
    pub id: String,
    /// The JSON object as text, without the id.
    pub body: Body,
    /// How it stands with the server.
    pub status: SyncStatus,
    /// The server's version that the content is based on; none if the server has never seen it.
    pub version: Option<Version>,
}

impl Document {
    /// The content as a JSON tree.
    pub fn value(&self) -> Result<Value> {
        serde_json::from_str(&self.body).map_err(Error::damaged)
    }

    /// The content as the app's type. The member `id` is there, although the stored text has it not.
    ///
    /// # Errors
    /// `INVALID_DOCUMENT` if the document does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        self.decode_members()
            // The long way takes every type, and says what is wrong.
            .or_else(|_| serde_json::from_str(&self.text_with_id()))
            .map_err(|e| Error::document(format!("document {:?} does not fit the type: {e}", self.id)))
    }

    /// Decodes without making the text. There are types that this does not take, such as a raw text.
    pub(super) fn decode_members<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        let mut body = serde_json::Deserializer::from_str(&self.body);
        let value = T::deserialize(WithId { id: &self.id, object: &mut body })?;
        body.end().map(|()| value)
    }

    /// The JSON text with the member `id` in front.
    pub fn text_with_id(&self) -> String {
        let mut text = String::with_capacity(self.body.len() + self.id.len() + 8);
        self.push_text_with_id(&mut text);
        text
    }

    /// Appends what [`text_with_id`](Self::text_with_id) returns.
    pub fn push_text_with_id(&self, text: &mut String) {
        text.push_str("{\"id\":");
        text.push_str(&Value::from(self.id.as_str()).to_string());
        let rest = self.body.trim_start().strip_prefix('{').map_or("}", str::trim_start);
        if !rest.starts_with('}') {
            text.push(',');
        }
        text.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &str) -> Document {
        Document { id: "a\"b".into(), body: body.into(), status: SyncStatus::Synced, version: None }
    }

    #[test]
    fn the_id_is_spliced_in_front() {
        assert_eq!(document("{}").text_with_id(), r#"{"id":"a\"b"}"#);
        assert_eq!(document(r#"{"x":1}"#).text_with_id(), r#"{"id":"a\"b","x":1}"#);
        assert_eq!(document(" { } ").value().unwrap(), serde_json::json!({}));
    }
}
