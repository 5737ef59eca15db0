//! `holm-core`, exported to Swift and Kotlin. It translates and decides nothing; the hand-written layers on the other side make it
//! idiomatic.
//!
//! Invariants:
//! - The boundary is coarse: one crossing for an operation of a screen. Documents cross as one JSON text, never one by one.
//! - Every exported function returns a `Result`: a panic becomes an error and never ends the app.
//! - An exported future may be dropped at any await (Kotlin does so when a coroutine is cancelled); writes go on in the core and happen
//!   whole. Swift never drops one, so what can wait long takes an [`FfiCancel`].
//! - Nothing here is called with a lock held, and nothing here keeps a foreign object longer than its owner.

// What UniFFI generates.
#![allow(unsafe_code)]

mod actions;
mod cancel;
mod collection;
mod config;
mod conflict;
mod error;
mod fetch;
mod figures;
mod holm;
mod live;
mod log;
mod pack;
mod records;
mod resolution;
mod resolver;
mod runtime;
mod secrets;
mod sync;
mod testing;
mod tokens;
mod triggers;
mod window;
mod write;

pub use actions::FfiActionResult;
pub use cancel::FfiCancel;
pub use collection::{FfiCollection, FfiPage};
pub use config::{FfiCacheConfig, FfiCollectionConfig, FfiConfig, FfiConflictStrategy, FfiDurability, FfiFieldRule};
pub use conflict::FfiJournalEntry;
pub use error::{FfiError, FfiFailure};
pub use fetch::{FfiCachePolicy, FfiFetch, FfiFetched, FfiOrigin, FfiRefresh};
pub use figures::FfiLiveAggregate;
pub use holm::FfiHolm;
pub use live::{FfiLiveQuery, FfiSnapshot, FfiStateWatch};
pub use log::{FfiLogError, FfiLogLevel, FfiLogLine, FfiLogSink, set_log_sink};
pub use records::{
    FfiAction, FfiNetwork, FfiOperation, FfiPhase, FfiReceipt, FfiSignOutMode, FfiStats, FfiSyncState, FfiWriteOutcome,
};
pub use resolution::{FfiConflict, FfiResolution};
pub use resolver::{FfiConflictResolver, FfiResolverError};
pub use secrets::{FfiSecretError, FfiSecretStore};
pub use sync::{FfiDeferred, FfiSetAside, FfiSyncReport};
pub use testing::{FfiFault, FfiTestDevice};
pub use tokens::{FfiTokenError, FfiTokenProvider};
pub use triggers::{FfiEvent, FfiSliceReport};
pub use window::{FfiLiveDocument, FfiLiveWindow, FfiShownDocument, FfiWindowSnapshot};
pub use write::FfiWrite;

uniffi::setup_scaffolding!("holm_ffi");
