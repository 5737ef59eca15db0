//! Names as types: a value of one of them has passed the check of the protocol.

use holm_protocol::names::{self, NameFault};
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);

        impl $name {
            /// The text itself.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A collection's name, see [`names::check_collection`].
    CollectionName
}

impl CollectionName {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        names::check_collection(text).map(|()| Self(text.to_owned()))
    }
}

name! {
    /// A record's id, see [`names::check_document_id`].
    RecordId
}

impl RecordId {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        names::check_document_id(text).map(|()| Self(text.to_owned()))
    }
}

name! {
    /// A device's id, see [`names::check_device_id`].
    DeviceId
}

impl DeviceId {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        names::check_device_id(text).map(|()| Self(text.to_owned()))
    }

    /// The device in the stamps of requests that name none.
    pub(crate) fn server() -> Self {
        Self("server".to_owned())
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0
    }
}

name! {
    /// The idempotency key of one write, see [`names::check_op_id`].
    OpId
}

impl OpId {
    /// Checks `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, NameFault> {
        names::check_op_id(text).map(|()| Self(text.to_owned()))
    }
}

name! {
    /// A space: `u:<userId>`.
    Space
}

impl Space {
    /// The space that a user owns.
    pub(crate) fn of_user(user_id: &str) -> Self {
        Self(format!("u:{user_id}"))
    }
}

/// A collection in a space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamName {
    /// The space.
    pub(crate) space: Space,
    /// The collection.
    pub(crate) collection: CollectionName,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.space, self.collection)
    }
}
