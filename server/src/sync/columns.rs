//! The compact form of a page: bodies as they are stored, and beside them, in columns, what the server knows of each row.

use super::wire;
use crate::model::write_string;
use crate::store::records::PageRow;
use holm_protocol::columns;

/// About the bytes of a row's numbers.
const NUMBERS: usize = 8;
/// The bytes of a UUID in base64, rounded up.
const UUID: usize = 22;

/// The rows of a page.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    bodies: Vec<u8>,
    ids: Ids,
    seqs: Vec<i64>,
    versions: Vec<i64>,
    updated: Vec<i64>,
    /// Members of an object, by row.
    origin_ops: Vec<u8>,
    /// Bytes of ids.
    id_bytes: usize,
    /// What the last row added.
    last: LastRow,
}

#[derive(Debug)]
enum Ids {
    Uuids(Vec<[u8; 16]>),
    /// As they are, from the first on that is no UUID.
    Texts(Vec<String>),
}

impl Default for Ids {
    fn default() -> Self {
        Self::Uuids(Vec::new())
    }
}

/// Lengths before a row.
#[derive(Debug, Default, Clone, Copy)]
struct LastRow {
    bodies: usize,
    origin_ops: usize,
    id_bytes: usize,
}

impl Columns {
    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.seqs.len()
    }

    /// Their bytes, about.
    pub(crate) fn len(&self) -> usize {
        self.bodies.len() + self.origin_ops.len() + self.id_bytes + self.rows() * NUMBERS
    }

    /// Adds a live row.
    pub(crate) fn add(&mut self, row: &PageRow<'_>, device: Option<i64>) {
        self.last = LastRow { bodies: self.bodies.len(), origin_ops: self.origin_ops.len(), id_bytes: self.id_bytes };
        separate(&mut self.bodies);
        self.bodies.extend_from_slice(row.body.unwrap_or("{}").as_bytes());
        if let Some(op_id) = wire::origin_op(row, device) {
            separate(&mut self.origin_ops);
            self.origin_ops.extend_from_slice(format!("\"{}\":", self.rows()).as_bytes());
            write_string(&mut self.origin_ops, op_id);
        }
        self.add_id(row.id);
        self.seqs.push(row.seq);
        self.versions.push(row.version);
        self.updated.push(row.updated_us);
    }

    /// Takes the last row back.
    pub(crate) fn undo(&mut self) {
        self.bodies.truncate(self.last.bodies);
        self.origin_ops.truncate(self.last.origin_ops);
        self.id_bytes = self.last.id_bytes;
        match &mut self.ids {
            Ids::Uuids(ids) => drop(ids.pop()),
            Ids::Texts(ids) => drop(ids.pop()),
        }
        for numbers in [&mut self.seqs, &mut self.versions, &mut self.updated] {
            numbers.pop();
        }
    }

    fn add_id(&mut self, id: &str) {
        match (&mut self.ids, columns::uuid_bytes(id)) {
            (Ids::Uuids(ids), Some(uuid)) => {
                ids.push(uuid);
                self.id_bytes += UUID;
            }
            (Ids::Uuids(ids), None) => {
                let mut texts: Vec<String> = ids.iter().map(columns::uuid_text).collect();
                texts.push(id.to_owned());
                self.id_bytes = texts.iter().map(|text| text.len() + 3).sum();
                self.ids = Ids::Texts(texts);
            }
            (Ids::Texts(ids), _) => {
                ids.push(id.to_owned());
                self.id_bytes += id.len() + 3;
            }
        }
    }

    /// Takes the bodies out, as elements of a list.
    pub(crate) fn take_bodies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bodies)
    }

    /// Appends the object `columns`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match &self.ids {
            Ids::Uuids(ids) => {
                out.extend_from_slice(b"{\"uuids\":");
                write_string(out, &columns::uuids_text(ids));
            }
            Ids::Texts(ids) => {
                out.extend_from_slice(b"{\"ids\":[");
                let mut list = Vec::with_capacity(self.id_bytes);
                for id in ids {
                    separate(&mut list);
                    write_string(&mut list, id);
                }
                out.extend_from_slice(&list);
                out.push(b']');
            }
        }
        for (name, numbers) in [("seq", &self.seqs), ("version", &self.versions), ("updatedAt", &self.updated)] {
            out.extend_from_slice(format!(",\"{name}\":[").as_bytes());
            wire::write_column(out, numbers.iter().copied());
            out.push(b']');
        }
        if !self.origin_ops.is_empty() {
            out.extend_from_slice(b",\"originOpId\":{");
            out.extend_from_slice(&self.origin_ops);
            out.push(b'}');
        }
        out.push(b'}');
    }
}

fn separate(out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b',');
    }
}
