//! The frames of one process, as plain data: readings of the clocks and the server's time in, stamps and
//! offsets out.

use super::frame::{Frame, MAX_FIRST_MS, pack, unpack};
use super::resolve::{Ended, resolve};
use super::sample::{Bounds, Reading, ServerTime};
use crate::platform::FARTHEST_MS;
use std::collections::BTreeMap;

/// Wall clock and monotonic clock may differ by this much about how much time has passed, ms. More means
/// sleep or a date that was set.
const JUMP_MS: i64 = 500;
/// A known offset is corrected only if it is wrong by this much, ms: what is less lies within what a network
/// lets one know.
const NOISE_MS: i64 = 100;

/// What this process knows of time.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// Stored frames of this and earlier processes, without the current one. By number.
    frames: BTreeMap<i64, Ended>,
    current: Frame,
    /// The monotonic clock at the current frame's beginning.
    began: i64,
    /// The newest reading.
    seen: Reading,
    /// The last stamp of the current frame: device time and counter.
    last: (i64, u32),
    bounds: Option<Bounds>,
    /// The current frame's offset as long as the server's time is not known.
    guess_ms: i64,
    /// The wall clock's offset where it was known last.
    wall_offset_ms: Option<i64>,
    /// The server's time when it was known last.
    server_known_ms: Option<i64>,
    /// What was learnt and may not be stored yet.
    unsaved: Learnt,
}

/// What came of the server's time, to be stored. Told again with the next exchange until [`Timeline::saved`]
/// is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Learnt {
    /// Stored frames that have got their offset: to be written.
    pub frames: Vec<Frame>,
    /// The wall clock's offset, if it is another one than before by more than noise: to be kept for the next
    /// process.
    pub wall_offset_ms: Option<i64>,
}

impl Learnt {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.wall_offset_ms.is_none()
    }
}

impl Timeline {
    /// Begins a process. `frames`: what earlier processes have stored, each with the device time of its last
    /// stamp. `wall_offset_ms`, `server_known_ms`: what they knew of the server's time last.
    pub fn start(
        now: Reading,
        nonce: i64,
        frames: Vec<(Frame, i64)>,
        wall_offset_ms: Option<i64>,
        server_known_ms: Option<i64>,
    ) -> Self {
        let (current, guess_ms) = first_frame(now, nonce, wall_offset_ms.unwrap_or(0));
        let frames = frames.into_iter().map(|(frame, last_ms)| (frame.id, Ended { frame, last_ms })).collect();
        let (began, last, unsaved) = (now.monotonic_ms, (0, 0), Learnt::default());
        Self {
            frames,
            current,
            began,
            seen: now,
            last,
            bounds: None,
            guess_ms,
            wall_offset_ms,
            server_known_ms,
            unsaved,
        }
    }

    /// Takes in a reading of the clocks: begins a frame if they disagree about how much time has passed.
    pub fn advance(&mut self, now: Reading, nonce: impl FnOnce() -> i64) {
        let by_wall = now.wall_ms.saturating_sub(self.seen.wall_ms);
        let by_monotonic = now.monotonic_ms.saturating_sub(self.seen.monotonic_ms);
        let jump = by_wall.saturating_sub(by_monotonic);
        if jump.abs() > JUMP_MS {
            let before = self.now_ms(now);
            let wall_offset = self.current.wall_offset_ms().unwrap_or(self.guess_ms - self.current.wall_lag_ms);
            self.end_frame();
            // Forward it is sleep, most of the time, and the wall clock has gone on. Time never passes slower
            // than the monotonic clock says.
            let (current, guess) = first_frame(now, nonce(), wall_offset);
            let least = before.saturating_sub(current.first_ms);
            self.begin_frame(current, now.monotonic_ms, guess.max(least));
        }
        self.seen = now;
    }

    /// The next stamp, greater than every one before in this frame: packed milliseconds and counter. The
    /// current frame must have its number.
    pub fn stamp(&mut self, now: Reading) -> (i64, u32) {
        let device = self.device_ms(now.monotonic_ms);
        let (ms, counter) = self.last;
        self.last = if device > ms { (device, 0) } else { (ms, counter.saturating_add(1)) };
        (pack(self.current.id, self.last.0), self.last.1)
    }

    /// The current frame.
    pub fn current(&self) -> &Frame {
        &self.current
    }

    /// The current frame has been stored under this number.
    pub fn stored(&mut self, id: i64) {
        self.current.id = id;
    }

    /// Server time as well as it is known, ms since 1970. Never before a time that the server has named.
    pub fn now_ms(&self, now: Reading) -> i64 {
        let device = self.device_ms(now.monotonic_ms);
        match self.current.offset_ms {
            Some(offset) => device.saturating_add(offset),
            None => device.saturating_add(self.guess_ms).max(self.server_known_ms.unwrap_or(0)),
        }
    }

    /// Whether the server's time is known from this process, and no clock was disturbed since.
    pub fn is_known(&self) -> bool {
        self.current.offset_ms.is_some()
    }

    /// Whether the server was heard since the clocks were disturbed last, or, by the wall clock, at most `ms` ago. Only a clock that stood
    /// still hides more.
    pub fn was_heard_within(&self, ms: i64, now: Reading) -> bool {
        let by_wall = self.device_ms(now.monotonic_ms).saturating_add(self.guess_ms);
        self.is_known()
            || self.server_known_ms.is_some_and(|known| (-JUMP_MS..=ms).contains(&by_wall.saturating_sub(known)))
    }

    /// Whether every stamp that is stored can be converted for good.
    pub fn is_settled(&self) -> bool {
        let unstamped = self.last == (0, 0);
        (unstamped || self.is_known()) && self.frames.values().all(|ended| ended.frame.offset_ms.is_some())
    }

    /// Server time of a stamp, by its packed milliseconds. As well as it can be told, if its frame has no
    /// offset yet.
    pub fn convert(&self, stored_ms: i64) -> i64 {
        let (id, device) = unpack(stored_ms);
        let guess = || device.saturating_add(self.wall_offset_ms.unwrap_or(0));
        match self.frames.get(&id) {
            _ if id == 0 => device,
            _ if id == self.current.id => device.saturating_add(self.current.offset_ms.unwrap_or(self.guess_ms)),
            Some(ended) => ended.frame.server_ms(device).unwrap_or_else(guess),
            // Another process has begun it since.
            None => guess(),
        }
    }

    /// Whether the conversion of a stamp is right for certain: the server's time was heard in its frame.
    pub fn is_certain(&self, stored_ms: i64) -> bool {
        match unpack(stored_ms).0 {
            0 => true,
            id if id == self.current.id => self.current.has_heard(),
            id => self.frames.get(&id).is_some_and(|ended| ended.frame.has_heard()),
        }
    }

    /// Takes in the server's time. An exchange during which a clock was disturbed tells nothing.
    pub fn observe(&mut self, sample: ServerTime, nonce: impl Fn() -> i64) -> Learnt {
        // What was disturbed before the request was sent did not disturb the exchange.
        if sample.span.sent.monotonic_ms >= self.seen.monotonic_ms {
            self.advance(sample.span.sent, &nonce);
        }
        self.advance(sample.span.received, &nonce);
        let server_ms = sample.server_ms.clamp(0, FARTHEST_MS);
        if sample.span.sent.monotonic_ms < self.began {
            return Learnt::default();
        }
        let (sent, received) =
            (self.device_ms(sample.span.sent.monotonic_ms), self.device_ms(sample.span.received.monotonic_ms));
        let newer = Bounds::of(server_ms, sent, received);
        let bounds = self.bounds.map_or(newer, |older| older.narrowed_by(newer));
        let offset = bounds.nearest(self.current.offset_ms.unwrap_or(self.guess_ms));
        match self.current.offset_ms {
            None => {
                self.current.offset_ms = Some(offset);
                let mut frames = self.resolve_ended();
                if self.current.id != 0 {
                    frames.push(self.current.clone());
                }
                self.unsaved.frames.extend(frames);
            }
            Some(known) if (known - offset).abs() >= NOISE_MS => {
                let wall_lag_ms = sample.span.received.wall_ms.saturating_sub(received);
                let next = Frame {
                    id: 0,
                    nonce: nonce(),
                    first_ms: received,
                    wall_lag_ms,
                    offset_ms: Some(offset),
                    until_ms: None,
                };
                self.end_frame();
                self.begin_frame(next, sample.span.received.monotonic_ms, offset);
            }
            Some(_) => {}
        }
        self.bounds = Some(bounds);
        self.server_known_ms = Some(received + self.current.offset_ms.unwrap_or(offset));
        let wall_offset = self.current.wall_offset_ms();
        let moved = wall_offset.zip(self.wall_offset_ms).is_none_or(|(new, old)| (new - old).abs() >= JUMP_MS);
        if moved {
            self.wall_offset_ms = wall_offset;
            self.unsaved.wall_offset_ms = wall_offset;
        }
        self.unsaved.clone()
    }

    /// What [`observe`](Self::observe) has told is stored. Until then it is told again: a write may be cut,
    /// or fail.
    pub fn saved(&mut self, learnt: &Learnt) {
        self.unsaved.frames.retain(|frame| !learnt.frames.contains(frame));
        if self.unsaved.wall_offset_ms == learnt.wall_offset_ms {
            self.unsaved.wall_offset_ms = None;
        }
    }

    /// Gives offsets to all ended frames, the latest first: each ends before the next one begins.
    fn resolve_ended(&mut self) -> Vec<Frame> {
        let mut resolved = Vec::new();
        let begin = |frame: &Frame| frame.server_ms(frame.first_ms).zip(frame.wall_offset_ms());
        let Some((mut ceiling, mut after)) = begin(&self.current) else { return resolved };
        let known: Vec<(i64, i64, i64)> = self
            .frames
            .values()
            .filter_map(|ended| {
                Some((ended.frame.id, ended.frame.server_ms(ended.last_ms)?, ended.frame.wall_offset_ms()?))
            })
            .collect();
        for (id, ended) in self.frames.iter_mut().rev() {
            if ended.frame.offset_ms.is_none() {
                let before = known.iter().rev().find(|(other, ..)| other < id);
                let floor = before.map(|(_, end, _)| *end).max(self.server_known_ms);
                let wall_before = before.map(|(.., offset)| *offset).or(self.wall_offset_ms);
                ended.frame = resolve(ended, floor, ceiling - 1, wall_before, after);
                resolved.push(ended.frame.clone());
            }
            if let Some(begun) = begin(&ended.frame) {
                (ceiling, after) = begun;
            }
        }
        resolved
    }

    fn end_frame(&mut self) {
        if self.current.id != 0 {
            let ended = Ended { frame: self.current.clone(), last_ms: self.last.0 };
            self.frames.insert(self.current.id, ended);
        }
    }

    fn begin_frame(&mut self, frame: Frame, monotonic_ms: i64, guess_ms: i64) {
        self.current = frame;
        self.began = monotonic_ms;
        self.last = (0, 0);
        self.bounds = None;
        self.guess_ms = guess_ms;
    }

    fn device_ms(&self, monotonic_ms: i64) -> i64 {
        self.current.first_ms.saturating_add(monotonic_ms.saturating_sub(self.began))
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;

/// A frame that begins now, and its offset if the wall clock is off as it was.
fn first_frame(now: Reading, nonce: i64, wall_offset_ms: i64) -> (Frame, i64) {
    let first_ms = now.wall_ms.clamp(1, MAX_FIRST_MS);
    let wall_lag_ms = now.wall_ms.saturating_sub(first_ms);
    let frame = Frame { id: 0, nonce, first_ms, wall_lag_ms, offset_ms: None, until_ms: None };
    (frame, wall_offset_ms.saturating_add(wall_lag_ms))
}
