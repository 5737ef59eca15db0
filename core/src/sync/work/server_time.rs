//! Taking in the server's time.

use crate::error::Result;
use crate::store::{frames, journal, meta};
use crate::sync::deps::EngineDeps;
use crate::time::ServerTime;

/// Takes in the server's time of a reply. To be called before anything of the reply is applied: it converts
/// the stamps of what is queued. Returns whether stamps may now be converted to other times than before.
pub(in crate::sync) async fn observe_server_time(deps: &EngineDeps, sample: Option<ServerTime>) -> Result<bool> {
    let Some(sample) = sample else { return Ok(false) };
    let learnt = deps.device.observe(sample);
    if learnt.is_empty() {
        return Ok(false);
    }
    let written = learnt.clone();
    deps.store
        .write(move |tx| {
            for frame in &written.frames {
                frames::set_offset(tx, frame)?;
                journal::settle(tx, frame)?;
            }
            match written.wall_offset_ms {
                Some(offset) => meta::set(tx, meta::Key::ClockOffset, &offset.to_string()),
                None => Ok(()),
            }
        })
        .await?;
    deps.device.saved(&learnt);
    Ok(true)
}
