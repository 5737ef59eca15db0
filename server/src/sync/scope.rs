//! The scope of a request: who calls, from which device, in which space, under which configuration.

use crate::config::Config;
use crate::error::{Code, Failure};
use crate::model::{CollectionName, DeviceId, Space, StreamName};
use crate::store::devices::{self, Device};
use crate::store::{WriteTx, accounts};
use rusqlite::Connection;
use std::sync::Arc;

/// The caller of a request and the space that it may read and write.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) user: i64,
    /// The row of the sign-in.
    pub(crate) family: i64,
    /// The device that signed in, if it said which.
    pub(crate) signed_in_as: Option<String>,
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

    /// The device of a write. One that has a sign-in of its own cannot be named by another one: a device speaks for its own operations only.
    pub(crate) fn writing_device(&self, tx: &WriteTx<'_>, device: &DeviceId, now: i64) -> Result<Device, Failure> {
        let own = self.signed_in_as.as_deref() == Some(device.as_str());
        if !own && accounts::is_anothers_device(tx, self.user, self.family, device.as_str())? {
            return Err(Failure::new(Code::Forbidden, "the device has a session of its own"));
        }
        let quotas = &self.config.quotas;
        let exceeded = || Failure::quota("devices", quotas.devices, quotas.devices, quotas.upgrade_url.as_deref());
        devices::seen(tx, self.user, device, now, quotas.devices)?.ok_or_else(exceeded)
    }

    /// The key of the list of deleted ids.
    pub(crate) fn deleted_key(&self, collection: &CollectionName) -> String {
        self.config.deleted_key(collection.as_str())
    }
}
