//! Names of the protocol's own headers, in lower case, and the versions that travel in them.

/// The version of the protocol that a request speaks.
pub const API_VERSION: &str = "x-api-version";
/// The version that this build speaks.
pub const API_VERSION_SPOKEN: &str = "2";
/// All versions that a server of this build understands.
pub const API_VERSIONS: [u8; 2] = [1, 2];
/// The app's version, as in semver.
pub const CLIENT_VERSION: &str = "x-client-version";
/// Milliseconds since 1970 by the device's clock; for logs.
pub const CLIENT_TIME: &str = "x-client-time";
/// The device that makes the request.
pub const DEVICE_ID: &str = "x-device-id";
/// A name for one request, echoed in `meta.requestId`.
pub const REQUEST_ID: &str = "x-request-id";
/// Why a request is made: `foreground`, `background`, `user`, `push`.
pub const SYNC_CONTEXT: &str = "x-sync-context";
/// The version of the app's own schema; for logs.
pub const SCHEMA_VERSION: &str = "x-schema-version";
/// Makes a plain write or an action safe to repeat.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Version of the protocol, version of the client, device, reason of the request: what four headers say, with a blank between each two. The
/// reply to such a request leaves out headers that a syncing device does not read.
pub const HOLM: &str = "x-holm";
/// Milliseconds since 1970 by the server's clock, in a reply without a body.
pub const SERVER_TIME: &str = "x-server-time";
/// Whether there is more to pull.
pub const HAS_UPDATES: &str = "x-has-updates";
/// How many rows are behind the cursors.
pub const PENDING_COUNT: &str = "x-pending-count";
/// When the space was written last.
pub const LAST_SYNC: &str = "x-last-sync";
/// The epoch of the server's database.
pub const SYNC_EPOCH: &str = "x-sync-epoch";
