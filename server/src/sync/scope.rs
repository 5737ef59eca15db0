//! The scope of a request: who calls, from which device, in which space, under which configuration.

use crate::config::Config;
use crate::model::{CollectionName, DeviceId, Space, StreamName};
use crate::store::devices;
use rusqlite::Connection;
use std::sync::Arc;

/// The caller of a request and the space that it may read and write.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) user: i64,
    pub(crate) space_row: i64,
    pub(crate) space: Space,
    pub(crate) device: Option<DeviceId>,
    pub(crate) epoch: String,
    pub(crate) config: Arc<Config>,
}

impl Scope {
    /// The name of the stream of `collection` in this space.
    pub(crate) fn stream(&self, collection: &CollectionName) -> StreamName {
        StreamName { space: self.space.clone(), collection: collection.clone() }
    }

    /// The row of the caller's device. `None` if the request names no device or the device has never written.
    pub(crate) fn device_row(&self, db: &Connection) -> rusqlite::Result<Option<i64>> {
        Ok(self.device.as_ref().map(|device| devices::find(db, self.user, device)).transpose()?.flatten())
    }

    /// The key of the list of deleted ids.
    pub(crate) fn deleted_key(&self, collection: &CollectionName) -> String {
        self.config.collection(collection).deleted_key.clone().unwrap_or_else(|| collection.deleted_key())
    }
}
