//! Named calls and their jobs.

use super::Meta;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

shapes! {
    /// The parameters of an action.
    ActionRequest { params: Option<Value>, }
    /// The result of an action.
    ActionReply { data: Value, meta: Meta, }
    /// An action that is under way.
    JobStarted { data: JobId, meta: Meta, }
    /// A job.
    JobId { job_id: String, }
    /// A job and its state.
    JobReply { data: JobStatus, meta: Meta, }
    /// `state` is `running`, `succeeded` (then there is a result) or `failed` (then there is an error).
    JobStatus { job_id: String, action: String, state: String, result: Option<Value>, error: Option<JobError>, }
    /// Why a job failed. `reason` is the handler's own code.
    JobError {
        code: String,
        message: String,
        retryable: bool,
        reason: Option<String>,
        details: Option<BTreeMap<String, String>>,
    }
}
