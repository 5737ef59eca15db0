//! The place of an edit in a document.

use super::{ChangeError, SERVER_MEMBERS};
use std::fmt;

/// A place in a document: member names from the top level downwards, at least one. Its text is a JSON Pointer (RFC 6901).
///
/// Ordered by its names, so an ancestor comes before its descendants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<String>);

impl Path {
    /// A top-level member.
    pub fn field(name: impl Into<String>) -> Self {
        Self(vec![name.into()])
    }

    /// A member of what is at this path.
    #[must_use]
    pub fn member(&self, name: impl Into<String>) -> Self {
        let mut names = Vec::with_capacity(self.0.len() + 1);
        names.extend_from_slice(&self.0);
        names.push(name.into());
        Self(names)
    }

    /// Reads a JSON Pointer. `None` if the text is not a pointer, or names the whole document.
    pub fn parse(pointer: &str) -> Option<Self> {
        let tokens = pointer.strip_prefix('/')?.split('/').map(unescaped);
        tokens.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Reads the JSON Pointer of an edit.
    ///
    /// # Errors
    /// If the text is not a pointer, names the whole document, or leads to a member that belongs to the server.
    pub fn of_edit(pointer: &str) -> Result<Self, ChangeError> {
        let path = Self::parse(pointer)
            .ok_or_else(|| ChangeError::invalid("path", format!("{pointer:?} is not a JSON Pointer to a member")))?;
        path.check_editable()?;
        Ok(path)
    }

    /// Refuses members that no write may change.
    pub(super) fn check_editable(&self) -> Result<(), ChangeError> {
        if SERVER_MEMBERS.contains(&self.top()) {
            return Err(ChangeError::invalid(self.to_string(), "cannot be changed by a write"));
        }
        Ok(())
    }

    /// The member names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The top-level member that the path leads into.
    pub fn top(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether this path is `other`, or leads to something that contains it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Whether one of the two paths contains the other: edits of both can meet.
    pub fn meets(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The place that contains this one. `None` for a top-level member.
    pub fn parent(&self) -> Option<Self> {
        let (_, way) = self.0.split_last()?;
        (!way.is_empty()).then(|| Self(way.to_vec()))
    }
}

/// A reference token of RFC 6901 as the name that it stands for.
fn unescaped(token: &str) -> Option<String> {
    let mut name = String::with_capacity(token.len());
    let mut rest = token.chars();
    while let Some(c) = rest.next() {
        name.push(match c {
            '~' => match rest.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(name)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.0 {
            f.write_str("/")?;
            for c in name.chars() {
                match c {
                    '~' => f.write_str("~0")?,
                    '/' => f.write_str("~1")?,
                    c => fmt::Write::write_char(f, c)?,
                }
            }
        }
        Ok(())
    }
}
