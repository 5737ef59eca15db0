//! The changes of one transaction in a space: versions, sequence numbers, stamps, counts, digests.
//!
//! Invariants:
//! - Sequence numbers of a stream have no gaps and rise in the order of commits; stamps rise strictly within the space, so one point
//!   in time is a place in all of its streams.
//! - Count and digest in a head are those of its live rows.
//! - What a space holds is counted with every write, so that a quota costs no look at other records.
//! - Heads are read once and stored once a transaction, however many operations it holds.

use super::decide::{Put, QuotaExcess, Refusal};
use crate::config::Config;
use crate::model::{CollectionName, Timestamp};
use crate::store::records::{self, OwnStamps, Record};
use crate::store::spaces::Usage;
use crate::store::streams::{self, Head};
use crate::store::{WriteTx, spaces};
use holm_protocol::digest;
use holm_protocol::hlc::Hlc;
use std::collections::BTreeMap;

/// The heads that a transaction moves.
pub(super) struct WriteSet<'t> {
    tx: &'t WriteTx<'t>,
    space: i64,
    now: i64,
    config: &'t Config,
    /// What the space held when the transaction began.
    began_with: Usage,
    heads: Heads,
}

/// Heads as they are at some moment of the transaction.
#[derive(Clone)]
struct Heads {
    last_us: i64,
    usage: Usage,
    streams: BTreeMap<CollectionName, Place>,
}

/// A head, and where it was when the transaction began.
#[derive(Clone)]
struct Place {
    began_at: i64,
    head: Head,
}

/// A moment to go back to, together with a savepoint of the database.
pub(super) struct Mark(Heads);

/// The origin of a write: device, operation, stamp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Author<'a> {
    pub(super) device: Option<i64>,
    pub(super) op_id: Option<&'a str>,
    pub(super) hlc: &'a str,
}

impl<'t> WriteSet<'t> {
    /// Begins at the present state of the space.
    pub(super) fn new(tx: &'t WriteTx<'t>, space: i64, now: i64, config: &'t Config) -> rusqlite::Result<Self> {
        let (last_us, usage) = spaces::head(tx, space)?;
        let heads = Heads { last_us, usage, streams: BTreeMap::new() };
        Ok(Self { tx, space, now, config, began_with: usage, heads })
    }

    /// The row of a stream, 0 before its first write.
    pub(super) fn stream(&mut self, collection: &CollectionName) -> rusqlite::Result<i64> {
        self.head(collection).map(|head| head.row)
    }

    /// The heads as they are now, to go back to with [`rewind`](Self::rewind).
    pub(super) fn mark(&self) -> Mark {
        Mark(self.heads.clone())
    }

    /// Goes back to a moment; the database must have gone back to the savepoint made then.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.heads = mark.0;
    }

    /// Whether the account may store this, and the collection may be made if it is new. What makes nothing larger always may.
    pub(super) fn refuse(
        &mut self,
        collection: &CollectionName,
        before: Option<&Record>,
        put: &Put,
    ) -> rusqlite::Result<Option<Refusal>> {
        let (config, usage) = (self.config, self.heads.usage);
        let quotas = &config.quotas;
        let was = before.and_then(|record| record.body.as_ref());
        let grown = put.body.len() as i64 - was.map_or(0, |body| body.len() as i64);
        let excess = |quota, current, limit| {
            let upgrade_url = quotas.upgrade_url.clone();
            Some(Refusal::Quota(QuotaExcess { quota, current, limit, upgrade_url }))
        };
        if was.is_none() && usage.records >= quotas.records {
            return Ok(excess("records", usage.records, quotas.records));
        }
        if before.is_none() && usage.rows >= quotas.rows() {
            return Ok(excess("rows", usage.rows, quotas.rows()));
        }
        if grown > 0 && usage.bytes + grown > quotas.bytes {
            return Ok(excess("bytes", usage.bytes, quotas.bytes));
        }
        if self.head(collection)?.row != 0 {
            return Ok(None);
        }
        let count = streams::count(self.tx, self.space)?;
        if count >= quotas.streams {
            return Ok(excess("streams", count, quotas.streams));
        }
        Ok(None)
    }

    /// Stores a record: a new one if `before` is none.
    pub(super) fn put(
        &mut self,
        name: RecordName<'_>,
        before: Option<Record>,
        put: Put,
        author: Author<'_>,
    ) -> rusqlite::Result<Record> {
        let (seq, updated_us) = self.next_place(name.collection)?;
        let was = before.as_ref();
        let made_now = was.is_none_or(|record| record.body.is_none());
        let first_hlc = was.map(|record| record.create_hlc.as_deref().unwrap_or(&record.hlc).to_owned());
        let record = Record {
            row: was.map_or(0, |record| record.row),
            seq,
            id: name.id.to_owned(),
            version: put.version,
            created_us: was.filter(|_| !made_now).map_or(updated_us, |record| record.created_us),
            updated_us,
            own_stamps: put.own_stamps,
            origin_device: author.device,
            origin_op: author.op_id.map(str::to_owned),
            body: Some(put.body),
            created_version: put.created_version,
            hlc: latest_hlc(was.filter(|_| !made_now), author),
            create_hlc: put.create_hlc.or(first_hlc.filter(|_| !made_now)),
            path_stamps: put.path_stamps,
            client_id: name.client_id.map(str::to_owned),
        };
        self.store(name.collection, before, record)
    }

    /// Makes a record a tombstone.
    pub(super) fn delete(
        &mut self,
        collection: &CollectionName,
        before: Record,
        version: i64,
        author: Author<'_>,
    ) -> rusqlite::Result<Record> {
        let (seq, updated_us) = self.next_place(collection)?;
        let tombstone = Record {
            seq,
            version,
            updated_us,
            own_stamps: OwnStamps::default(),
            origin_device: author.device,
            origin_op: author.op_id.map(str::to_owned),
            body: None,
            hlc: latest_hlc(Some(&before), author),
            create_hlc: None,
            path_stamps: None,
            ..before.clone()
        };
        self.store(collection, Some(before), tombstone)
    }

    /// Whether the account may have one more operation whose result is kept.
    pub(super) fn may_keep_operation(&self) -> bool {
        self.heads.usage.operations < self.config.quotas.operations
    }

    /// Counts an operation whose result is kept.
    pub(super) fn count_operation(&mut self) {
        self.heads.usage.operations += 1;
    }

    /// Stores the heads that have moved. Nothing else of the transaction may come after.
    pub(super) fn save(self) -> rusqlite::Result<()> {
        let mut moved = self.heads.streams.values().filter(|place| place.head.last_seq != place.began_at).peekable();
        if moved.peek().is_some() || self.heads.usage != self.began_with {
            spaces::save(self.tx, self.space, self.heads.last_us, self.heads.usage)?;
        }
        moved.try_for_each(|place| streams::save(self.tx, &place.head))
    }

    fn store(
        &mut self,
        collection: &CollectionName,
        before: Option<Record>,
        mut after: Record,
    ) -> rusqlite::Result<Record> {
        match &before {
            Some(before) => records::update(self.tx, before, &after)?,
            None => after.row = records::insert(self.tx, self.stream(collection)?, &after)?,
        }
        let bytes = |body: &Option<String>| body.as_ref().map_or(0, |body| body.len() as i64);
        let usage = &mut self.heads.usage;
        usage.rows += i64::from(before.is_none());
        usage.bytes += bytes(&after.body) - before.as_ref().map_or(0, |before| bytes(&before.body));
        usage.records += i64::from(after.body.is_some());
        usage.records -= i64::from(before.as_ref().is_some_and(|before| before.body.is_some()));
        let head = self.head(collection)?;
        if let Some(before) = before.filter(|record| record.body.is_some()) {
            head.live_count -= 1;
            head.digest = head.digest.wrapping_sub(digest::term(&before.id, before.seq));
        }
        if after.body.is_some() {
            head.live_count += 1;
            head.digest = head.digest.wrapping_add(digest::term(&after.id, after.seq));
        }
        Ok(after)
    }

    fn next_place(&mut self, collection: &CollectionName) -> rusqlite::Result<(i64, i64)> {
        // One microsecond on, not one millisecond: a push of a thousand would otherwise run a second ahead of the clock.
        let us = Timestamp::from_ms(self.now).micros().max(self.heads.last_us.saturating_add(1));
        let (tx, space) = (self.tx, self.space);
        let head = self.head(collection)?;
        if head.row == 0 {
            head.row = streams::create(tx, space, collection)?;
        }
        head.last_seq += 1;
        head.last_us = us;
        let seq = head.last_seq;
        self.heads.last_us = us;
        Ok((seq, us))
    }

    fn head(&mut self, collection: &CollectionName) -> rusqlite::Result<&mut Head> {
        if !self.heads.streams.contains_key(collection) {
            let head = streams::find(self.tx, self.space, collection)?;
            self.heads.streams.insert(collection.clone(), Place { began_at: head.last_seq, head });
        }
        let place = self.heads.streams.get_mut(collection).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        Ok(&mut place.head)
    }
}

/// The names of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordName<'a> {
    pub(super) collection: &'a CollectionName,
    pub(super) id: &'a str,
    /// The id that the creating device gave it, where the server assigns ids.
    pub(super) client_id: Option<&'a str>,
}

/// The stamp of a record's last edit, which never goes back: a commuting edit may come late.
fn latest_hlc(before: Option<&Record>, author: Author<'_>) -> String {
    let later = before.map(|before| before.hlc.as_str()).filter(|known| Hlc::parse(known) > Hlc::parse(author.hlc));
    later.unwrap_or(author.hlc).to_owned()
}
