//! One pass over the text of an ordinary document: whether it can be stored as it stands, and where its `id` is.
//!
//! Invariants:
//! - Nothing is decided here that [`check_object`](super::check_object) does not decide alike: what the scan takes, that takes with the same
//!   `id` and the same size. What is out of the ordinary is left to it: blanks, `\u`, escapes in names, numbers whose text is not the one that
//!   would be printed, many names, and every fault.
//! - What the scan takes is compact: its bytes are its size.

use super::Bounds;
use crate::names::is_reserved_member;
use std::ops::Range;

/// Names of all objects that are open at one place.
const MAX_NAMES: usize = 64;
/// Objects and arrays inside each other.
const MAX_LEVELS: usize = 32;
/// Digits of a whole number that fits 64 bits whatever they are.
const MAX_WHOLE_DIGITS: usize = 18;
/// Digits that a double keeps whatever they are.
const MAX_DIGITS: usize = 15;
/// Zeros between the point and the first digit before a double is printed with an exponent.
const MAX_ZEROS: usize = 3;

/// A document that can be stored as it stands, without its `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact<'t> {
    /// The member `id`, which is not part of the document.
    pub id: Option<&'t str>,
    text: &'t str,
    /// The member `id` with the comma that goes with it.
    cut: Range<usize>,
}

impl Compact<'_> {
    /// The size of the document, see [`size`](super::size).
    pub fn bytes(&self) -> usize {
        self.text.len() - self.cut.len()
    }

    /// The document's text.
    pub fn body(&self) -> String {
        let mut body = String::with_capacity(self.bytes());
        body.push_str(&self.text[..self.cut.start]);
        body.push_str(&self.text[self.cut.end..]);
        body
    }
}

/// Looks at the text of a document. `None`: [`check_object`](super::check_object) has to.
pub fn scan_object(text: &str, bounds: Bounds) -> Option<Compact<'_>> {
    let levels = bounds.depth.min(MAX_LEVELS);
    let mut scanner =
        Scanner { text, bytes: text.as_bytes(), at: 0, members: bounds.members, names: [(0, 0); MAX_NAMES], open: 0 };
    let found = scanner.top(levels.checked_sub(1)?)?;
    (scanner.at == text.len() && found.bytes() <= bounds.bytes).then_some(found)
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Most members of an object.
    members: usize,
    /// Where the names of the objects stand that are open, the innermost object's last.
    names: [(usize, usize); MAX_NAMES],
    open: usize,
}

impl<'t> Scanner<'t> {
    fn top(&mut self, levels: usize) -> Option<Compact<'t>> {
        let text = self.text;
        let mut found = Compact { id: None, text, cut: 0..0 };
        self.take(b'{')?;
        if self.takes(b'}') {
            return Some(found);
        }
        loop {
            let from = self.at;
            let (start, end) = self.name(0)?;
            let name = &text[start..end];
            if is_reserved_member(name) {
                return None;
            }
            if name == "id" {
                let (start, end) = self.plain_string()?;
                found.id = Some(&text[start..end]);
                // The comma before it; behind it, if it comes first.
                found.cut = match (from, self.peek()?) {
                    (1, b',') => from..self.at + 1,
                    (1, _) => from..self.at,
                    _ => from - 1..self.at,
                };
            } else {
                self.value(levels)?;
            }
            if !self.goes_on(b'}')? {
                break;
            }
        }
        (self.open - usize::from(found.id.is_some()) <= self.members).then_some(found)
    }

    /// Any value; `levels` more may be opened.
    fn value(&mut self, levels: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'[' => self.array(levels.checked_sub(1)?),
            b'{' => self.object(levels.checked_sub(1)?),
            _ => None,
        }
    }

    fn array(&mut self, levels: usize) -> Option<()> {
        self.at += 1;
        if self.takes(b']') {
            return Some(());
        }
        loop {
            self.value(levels)?;
            if !self.goes_on(b']')? {
                return Some(());
            }
        }
    }

    fn object(&mut self, levels: usize) -> Option<()> {
        self.at += 1;
        if self.takes(b'}') {
            return Some(());
        }
        let own = self.open;
        loop {
            self.name(own)?;
            self.value(levels)?;
            if !self.goes_on(b'}')? {
                let members = self.open - own;
                self.open = own;
                return (members <= self.members).then_some(());
            }
        }
    }

    /// A name that its object, whose names begin at `own`, does not have yet, and the colon behind it.
    fn name(&mut self, own: usize) -> Option<(usize, usize)> {
        let (start, end) = self.plain_string()?;
        self.take(b':')?;
        let name = &self.bytes[start..end];
        if self.names[own..self.open].iter().any(|(from, to)| &self.bytes[*from..*to] == name) {
            return None;
        }
        *self.names.get_mut(self.open)? = (start, end);
        self.open += 1;
        Some((start, end))
    }

    /// A string without escapes: where its content is.
    fn plain_string(&mut self) -> Option<(usize, usize)> {
        let (start, end, plain) = self.string()?;
        plain.then_some((start, end))
    }

    /// A string: where its content is, and whether it has no escapes. Its escapes are those that would be printed.
    fn string(&mut self) -> Option<(usize, usize, bool)> {
        self.take(b'"')?;
        let (start, mut plain) = (self.at, true);
        loop {
            match self.next()? {
                b'"' => return Some((start, self.at - 1, plain)),
                b'\\' => {
                    plain = false;
                    if !matches!(self.next()?, b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') {
                        return None;
                    }
                }
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    /// A number whose text is the one that would be printed.
    fn number(&mut self) -> Option<()> {
        let negative = self.takes(b'-');
        let whole = self.digits();
        let zero = whole == [b'0'];
        if whole.is_empty() || whole[0] == b'0' && !zero {
            return None;
        }
        if !self.takes(b'.') {
            return (whole.len() <= MAX_WHOLE_DIGITS && !(negative && zero)).then_some(());
        }
        let fraction = self.digits();
        let zeros = fraction.iter().take_while(|digit| **digit == b'0').count();
        let ends_in_zero = fraction.last()? == &b'0' && fraction.len() > 1;
        let fits = whole.len() + fraction.len() <= MAX_DIGITS && (!zero || zeros <= MAX_ZEROS);
        (fits && !ends_in_zero).then_some(())
    }

    fn digits(&mut self) -> &'t [u8] {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        &rest[..count]
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.bytes[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    /// After a member: whether another one follows or `end`. `None`: neither.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        match self.next()? {
            b',' => Some(true),
            byte if byte == end => Some(false),
            _ => None,
        }
    }

    /// Takes a byte if it comes next.
    fn takes(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}
