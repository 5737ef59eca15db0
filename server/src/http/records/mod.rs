//! Plain calls: `/v1/{collection}` and `/v1/{collection}/{id}`.

pub(super) mod read;
pub(super) mod write;
