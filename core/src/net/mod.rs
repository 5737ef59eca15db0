//! HTTP: one request out, one classified answer in.
//!
//! Invariants:
//! - No redirect is followed and no credential leaves for another origin than the one configured.
//! - An answer is read up to a limit, before and after decompression; what is cut short is an error, never a shorter answer.
//! - Headers with secrets never reach a log or an error text.

mod client;
mod failure;
mod gzip;
mod headers;
mod reqwest_transport;
mod transport;

pub(crate) use client::{Call, Exchange, HttpClient, Traffic};
pub(crate) use failure::{ServerFailure, TOO_LARGE};
pub(crate) use gzip::{Packed, Packing, decompress};
pub(crate) use headers::{SyncReason, protocol_headers};
pub use reqwest_transport::ReqwestTransport;
pub use transport::{Request, Response, Transport, TransportError, TransportErrorKind};
