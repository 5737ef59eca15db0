//! Named calls of the server that are queued like writes.

use crate::cancel::FfiCancel;
use crate::error::Result;
use crate::holm::FfiHolm;
use crate::records::{FfiReceipt, FfiWriteOutcome};
use crate::runtime::{run, run_until};
use holm_core::{Error, ErrorCode, OpId};
use std::sync::Arc;

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiActionResult {
    /// As of a write.
    pub outcome: FfiWriteOutcome,
    /// JSON: what the server's action returned. `None` if it was not accepted.
    pub result: Option<String>,
}

#[uniffi::export]
impl FfiHolm {
    /// Calls an action of the server; `params` is JSON. Completes after the commit.
    pub async fn action(
        &self,
        name: String,
        collection: Option<String>,
        doc_id: Option<String>,
        params: String,
    ) -> Result<FfiReceipt> {
        let params = serde_json::from_str(&params).map_err(|e| Error::InvalidInput {
            code: ErrorCode::InvalidDocument,
            message: format!("the parameters are not JSON: {e}"),
        })?;
        let holm = self.holm.clone();
        let receipt = run(async move { holm.action(&name, collection.as_deref(), doc_id.as_deref(), &params).await });
        receipt.await.map(Into::into)
    }

    /// Waits until an action has ended.
    pub async fn action_result(&self, op_id: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiActionResult> {
        let (holm, op) = (self.holm.clone(), OpId::parse(&op_id)?);
        run_until(cancel, async move {
            let outcome = holm.confirmed(op).await?.into();
            Ok(FfiActionResult { outcome, result: holm.action_result(op)? })
        })
        .await
    }
}
