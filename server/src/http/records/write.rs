//! Writing one record.

use crate::config::IdAssignment;
use crate::error::{Code, Failure};
use crate::http::body::Payload;
use crate::http::caller::Caller;
use crate::http::context::{Prefer, text};
use crate::http::params::{InCollection, OfRecord};
use crate::http::reply::Reply;
use crate::http::{conditional, schema};
use crate::model::{
    Change, CollectionName, Decoder, Details, Fields, OpId, RecordId, Timestamp, content_hash, details, field_ops,
};
use crate::state::State;
use crate::sync::plain::{self, Condition, PlainReply, PlainWrite, Shown};
use axum::http::header::{IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LOCATION};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

/// The content of a body.
struct Content {
    /// The id of the record, or the client's id of a new one.
    id: Option<RecordId>,
    change: Change,
    base: Option<i64>,
    /// The body with its keys sorted, to tell another one under the same `Idempotency-Key`.
    canonical: String,
}

/// Makes a record. The same again is answered with what is there.
#[utoipa::path(
    post, path = "/v1/{collection}", tag = "records",
    params(("collection" = String, Path, description = "The collection."),
           ("Idempotency-Key" = Option<String>, Header, description = "Recognises a repeat.")),
    request_body(content = schema::NewRecord),
    responses((status = 201, body = schema::RecordReply), (status = 200, body = schema::RecordReply, description = "A repeat."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn create(
    caller: Caller,
    InCollection(collection): InCollection,
    payload: Payload,
) -> Result<Reply, Failure> {
    let assigns = assigns_ids(&caller.server, &collection);
    let limit = caller.server.config.limits.max_body_bytes;
    let content =
        payload.json(&caller.server, limit, move |body| read_new(body, assigns).map_err(Failure::from)).await?;
    let place = format!("/v1/{collection}");
    write(caller, "POST", &place, collection, content, Condition::None).await
}

/// Replaces a record. With `If-None-Match: *` makes it.
#[utoipa::path(
    put, path = "/v1/{collection}/{id}", tag = "records",
    params(("collection" = String, Path, description = "The collection."), ("id" = String, Path, description = "The record."),
           ("version" = Option<i64>, Query, description = "The version that the write is based on; also in the body."),
           ("If-Match" = Option<String>, Header, description = "The entity tag that the write is based on."),
           ("If-None-Match" = Option<String>, Header, description = "`*`: make the record.")),
    request_body(content = schema::ReplacedRecord),
    responses((status = 200, body = schema::RecordReply), (status = 201, body = schema::RecordReply),
              (status = 204, description = "Done, with `Prefer: return=minimal`."), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn replace(
    caller: Caller,
    OfRecord(collection, id): OfRecord,
    payload: Payload,
) -> Result<Reply, Failure> {
    let condition = conditional::of_write(&caller.headers)?;
    let makes = condition == Condition::Absent;
    if makes && assigns_ids(&caller.server, &collection) {
        return Err(details("id", "is assigned by the server: use POST").into());
    }
    let (limit, subject) = (caller.server.config.limits.max_body_bytes, id.clone());
    let read = move |body: Value| {
        let kind = if makes { Change::Create } else { Change::Replace };
        read_fields(body, subject, kind).map_err(Failure::from)
    };
    let content = payload.json(&caller.server, limit, read).await?;
    let place = format!("/v1/{collection}/{id}");
    write(caller, "PUT", &place, collection, content, condition).await
}

/// Changes a record: by merge patch, JSON Patch or field operations.
#[utoipa::path(
    patch, path = "/v1/{collection}/{id}", tag = "records",
    params(("collection" = String, Path, description = "The collection."), ("id" = String, Path, description = "The record."),
           ("version" = Option<i64>, Query, description = "The version that the write is based on; also in the body."),
           ("If-Match" = Option<String>, Header, description = "The entity tag that the write is based on.")),
    request_body(content(
        (schema::MergePatch = "application/merge-patch+json"),
        (Vec<schema::JsonPatchOperation> = "application/json-patch+json"),
        (schema::FieldOps = "application/vnd.holm.fieldops+json"),
    )),
    responses((status = 200, body = schema::RecordReply), (status = 204, description = "Done, with `Prefer: return=minimal`."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn patch(
    caller: Caller,
    OfRecord(collection, id): OfRecord,
    payload: Payload,
) -> Result<Reply, Failure> {
    let condition = conditional::of_write(&caller.headers)?;
    if condition == Condition::Absent {
        return Err(details("If-None-Match", "makes no sense for a change").into());
    }
    let kind = PatchKind::of(payload.media_type())?;
    let max_depth = caller.server.config.limits.max_json_depth;
    let (limit, subject) = (caller.server.config.limits.max_body_bytes, id.clone());
    let content = payload
        .json(&caller.server, limit, move |body| kind.read(body, subject, max_depth).map_err(Failure::from))
        .await?;
    let place = format!("/v1/{collection}/{id}");
    write(caller, "PATCH", &place, collection, content, condition).await
}

/// Deletes a record. One that is not there is deleted already.
#[utoipa::path(
    delete, path = "/v1/{collection}/{id}", tag = "records",
    params(("collection" = String, Path, description = "The collection."), ("id" = String, Path, description = "The record."),
           ("version" = Option<i64>, Query, description = "The version that the delete is based on."),
           ("If-Match" = Option<String>, Header, description = "The entity tag that the delete is based on.")),
    responses((status = 204, description = "The record is gone."), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn delete(caller: Caller, OfRecord(collection, id): OfRecord) -> Result<Reply, Failure> {
    let condition = conditional::of_write(&caller.headers)?;
    if condition == Condition::Absent {
        return Err(details("If-None-Match", "makes no sense for a delete").into());
    }
    let place = format!("/v1/{collection}/{id}");
    let content = Content { id: Some(id), change: Change::Delete, base: None, canonical: String::new() };
    write(caller, "DELETE", &place, collection, content, condition).await
}

async fn write(
    caller: Caller,
    method: &str,
    place: &str,
    collection: CollectionName,
    content: Content,
    condition: Condition,
) -> Result<Reply, Failure> {
    let Content { id, change, base, canonical } = content;
    let said = conditions(&caller)?;
    let hash = match said.as_str() {
        "" => content_hash(&[method, place, &canonical]),
        said => content_hash(&[method, place, &canonical, said]),
    };
    let key = idempotency_key(&caller.headers)?.map(|key| (key, hash));
    let now = caller.server.now();
    let is_create = matches!(change, Change::Create(_));
    let fresh_id = if is_create { caller.server.entropy.uuid(now)? } else { String::new() };
    let base = base.or(caller.params.count("version")?);
    let (scope, name) = (caller.scope()?, collection.to_string());
    let mut write = PlainWrite { scope, collection, id, fresh_id, change, base, condition, key, now, ahead: None };
    if write.change.is_heavy() {
        let decided = caller.read::<_, Failure, _>(move |db| write.decide_ahead(db).map(|()| write));
        write = decided.await?;
    }
    let reply = caller.write(move |tx| plain::write(tx, write)).await?;
    Ok(answer(&caller, &name, method, reply))
}

/// What a request says of its write beside the body. Two that differ in it are not the same request.
fn conditions(caller: &Caller) -> Result<String, Failure> {
    let mut said = String::new();
    for name in [IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE] {
        for value in caller.headers.get_all(&name) {
            said.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
    }
    if let Some(version) = caller.params.count("version")? {
        said.push_str(&format!("version={version}"));
    }
    Ok(said)
}

fn answer(caller: &Caller, collection: &str, method: &str, reply: PlainReply) -> Reply {
    let (shown, created, repeated) = match reply {
        PlainReply::Gone => return Reply::empty(StatusCode::NO_CONTENT),
        PlainReply::Repeated(None) => return Reply::empty(StatusCode::NO_CONTENT).replayed(),
        PlainReply::Repeated(Some(shown)) => (shown, false, true),
        PlainReply::Written { created, shown } => (shown, created, false),
    };
    let Shown { id, etag, updated_us, json } = shown;
    let prefer = caller.context.prefer;
    let minimal = prefer == Prefer::Minimal;
    let mut reply = match (minimal, repeated) {
        (true, true) => Reply::empty(StatusCode::NO_CONTENT).replayed(),
        (true, false) => Reply::empty(StatusCode::NO_CONTENT),
        (false, true) => Reply::repeated(&caller.context, &caller.server, &json),
        (false, false) => caller.data(&json),
    };
    if created {
        reply = reply.status(StatusCode::CREATED);
    }
    if method == "POST" {
        reply = reply.header(LOCATION, &location(collection, &id));
    }
    let applied = HeaderName::from_static("preference-applied");
    reply = match prefer {
        Prefer::Unstated => reply,
        Prefer::Minimal => reply.header(applied, "return=minimal"),
        Prefer::Representation => reply.header(applied, "return=representation"),
    };
    reply.validators(&etag, updated_us.map(Timestamp::from_micros), caller.server.now())
}

fn assigns_ids(server: &State, collection: &CollectionName) -> bool {
    server.config.collection(collection).id_assignment == IdAssignment::Server
}

/// The key of a request, with or without the quotes that the draft standard wants.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<OpId>, Failure> {
    let name = "Idempotency-Key";
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let fault = |what: &str| Failure::from(details(name, what));
    let value = text(headers, name).ok_or_else(|| fault("must be text in ASCII"))?;
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    OpId::parse(bare).map(Some).map_err(|_| fault("must be 1 to 255 characters"))
}

/// The path of a record, escaped (RFC 3986, section 2.3).
fn location(collection: &str, id: &str) -> String {
    let mut path = format!("/v1/{collection}/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// A body with its keys sorted, but for when the device says that it sent it: a repeat may say another time.
fn canonical(body: &mut Value) -> String {
    if let Value::Object(members) = body {
        members.remove("clientTimestamp");
    }
    body.to_string()
}

/// Reads the body of a POST.
fn read_new(mut body: Value, assigns_ids: bool) -> Result<Content, Details> {
    let canonical = canonical(&mut body);
    let mut body = Decoder::new(body, "body")?;
    let (id, client_id) = (body.text("id")?, body.text("clientId")?);
    if id.is_some() && assigns_ids {
        return Err(details("id", "is assigned by the server"));
    }
    if client_id.is_some() && id.is_some() && id != client_id {
        return Err(details("clientId", "differs from id"));
    }
    let id = client_id
        .or(id)
        .map(|id| RecordId::parse(&id))
        .transpose()
        .map_err(|fault| details("id", fault.to_string()))?;
    let base = body.count("version")?;
    Ok(Content { id, change: Change::Create(app_fields(body)), base, canonical })
}

/// Reads a body that is a record or a merge patch.
fn read_fields(mut body: Value, subject: RecordId, change: impl FnOnce(Fields) -> Change) -> Result<Content, Details> {
    let canonical = canonical(&mut body);
    let mut body = Decoder::new(body, "body")?;
    if body.text("id")?.is_some_and(|id| id != subject.as_str()) {
        return Err(details("id", "differs from the path"));
    }
    let base = body.count("version")?;
    Ok(Content { id: Some(subject), change: change(app_fields(body)), base, canonical })
}

/// The app's fields of a body: all but the names of the server and of the call.
fn app_fields(body: Decoder) -> Fields {
    let mut fields = body.rest();
    for name in ["id", "version", "_sync"] {
        fields.remove(name);
    }
    fields
}

/// The formats of a PATCH.
#[derive(Debug, Clone, Copy)]
enum PatchKind {
    Merge,
    JsonPatch,
    FieldOps,
}

impl PatchKind {
    fn of(media_type: Option<&str>) -> Result<Self, Failure> {
        match media_type {
            None | Some("application/json" | "application/merge-patch+json") => Ok(Self::Merge),
            Some("application/json-patch+json") => Ok(Self::JsonPatch),
            Some("application/vnd.holm.fieldops+json" | "application/vnd.sync.fieldops+json") => Ok(Self::FieldOps),
            Some(_) => Err(Failure::new(
                Code::UnsupportedMediaType,
                "a patch is a merge patch, a JSON Patch or field operations",
            )),
        }
    }

    fn read(self, mut body: Value, subject: RecordId, max_depth: usize) -> Result<Content, Details> {
        let canonical = canonical(&mut body);
        match self {
            Self::Merge => read_fields(body, subject, Change::Merge),
            Self::JsonPatch => {
                let change = Change::decode_json_patch(body)?;
                Ok(Content { id: Some(subject), change, base: None, canonical })
            }
            Self::FieldOps => {
                let mut body = Decoder::new(body, "body")?;
                let base = body.count("version")?;
                let change = Change::FieldOps(field_ops(body.list("ops")?.unwrap_or_default(), max_depth)?);
                Ok(Content { id: Some(subject), change, base, canonical })
            }
        }
    }
}
