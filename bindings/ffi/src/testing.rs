//! A device's time and network in the hands of an app's own tests.

use crate::error::{FfiError, Result};
use holm_core::testing::{Fault, ScriptedNetwork, VirtualClock};
use holm_core::{Clock, Error, ErrorCode, ReqwestTransport};
use std::sync::Arc;
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiFault {
    /// No connection: the request does not arrive.
    Unreachable,
    /// The request does not arrive, and the client gives up at once.
    Timeout,
    /// The request arrives and is carried out; the answer is lost.
    LostReply,
    /// A captive portal answers.
    Captive,
    /// Something answers that is not the protocol.
    Garbage,
    /// The server answers with a failure and does nothing.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
        /// Its `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
    /// The server takes none of the request's writes, and says of each that it shall come again later.
    Deferred,
    /// The records in the answer cannot be read.
    Unreadable,
}

/// Time and network of one device. Given to [`FfiHolm::open`](crate::FfiHolm::open); thread-safe.
#[derive(uniffi::Object)]
pub struct FfiTestDevice {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) network: Arc<ScriptedNetwork>,
}

#[uniffi::export]
impl FfiTestDevice {
    /// A device whose clock stands at `start_ms` (since 1970) and whose network works.
    #[uniffi::constructor]
    pub fn new(start_ms: i64) -> Result<Arc<Self>> {
        let real = ReqwestTransport::new().map_err(Error::from)?;
        Ok(Arc::new(Self {
            clock: Arc::new(VirtualClock::new(start_ms)),
            network: Arc::new(ScriptedNetwork::new(Arc::new(real))),
        }))
    }

    /// Lets time pass.
    pub fn advance(&self, ms: u64) -> Result<()> {
        self.clock.advance(Duration::from_millis(ms));
        Ok(())
    }

    /// What the device's wall clock shows, ms since 1970.
    pub fn now_ms(&self) -> Result<i64> {
        Ok(self.clock.wall_ms())
    }

    /// Sets the wall clock, as a user does who changes the date.
    pub fn set_wall_ms(&self, wall_ms: i64) -> Result<()> {
        self.clock.set_wall_ms(wall_ms);
        Ok(())
    }

    /// Lets the next requests fail; without a number, all from now on.
    pub fn fail(&self, fault: FfiFault, times: Option<u32>) -> Result<()> {
        self.network.fail(fault.into_core()?, times);
        Ok(())
    }

    /// Forgets all faults that have not happened yet.
    pub fn heal(&self) -> Result<()> {
        self.network.heal();
        Ok(())
    }

    /// Every request so far: `POST /v1/sync/pull`.
    pub fn requests(&self) -> Result<Vec<String>> {
        Ok(self.network.requests())
    }
}

impl FfiFault {
    fn into_core(self) -> Result<Fault> {
        Ok(match self {
            Self::Unreachable => Fault::Unreachable,
            Self::Timeout => Fault::Timeout,
            Self::LostReply => Fault::LostReply,
            Self::Captive => Fault::Captive,
            Self::Garbage => Fault::Garbage,
            Self::Deferred => Fault::Deferred,
            Self::Unreadable => Fault::Unreadable,
            Self::Status { status, retry_after_s } => Fault::Status {
                status: http::StatusCode::from_u16(status)
                    .ok()
                    .filter(|status| status.is_client_error() || status.is_server_error())
                    .ok_or_else(|| no_failure(status))?,
                retry_after: retry_after_s.map(|seconds| Duration::from_secs(seconds.into())),
            },
        })
    }
}

fn no_failure(status: u16) -> FfiError {
    let message = format!("{status} is no HTTP status of a failure");
    Error::InvalidInput { code: ErrorCode::InvalidConfig, message }.into()
}
