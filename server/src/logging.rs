//! The log: JSON lines on standard error.
//!
//! Invariant: libraries log warnings at most. Below that they show what they read, and that may be a token.

use std::panic;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Sends events to standard error from now on.
pub(crate) fn start(level: LevelFilter) {
    let filter = Targets::new().with_target("holm_server", level).with_default(level.min(LevelFilter::WARN));
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(lines.with_writer(std::io::stderr).with_filter(filter)).init();
    panic::set_hook(Box::new(|panic| {
        // Not the message: it may quote what was being worked on.
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panic");
    }));
}
