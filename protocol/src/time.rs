//! Points in time: microseconds since 1970 inside, RFC 3339 in UTC on the wire. Stamps of records have six digits of a second,
//! other times three; each kind sorts as text.

use std::fmt;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
/// 9999-12-31T23:59:59.999999Z, the last that four digits can say.
const LAST_US: i64 = 253_402_300_799_999_999;
/// 0000-01-01T00:00:00.000Z.
const FIRST_US: i64 = -62_167_219_200_000_000;

/// Microseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since 1970; the furthest time there is where they are more.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970, those before the time.
    pub const fn ms(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Reads RFC 3339 with any offset. Digits finer than a microsecond are cut off, so a reader that goes on from a time gets a row twice and
    /// never misses one. `None` if the text is no time.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| digits(bytes.get(from..to)?);
        let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|b| wanted.contains(b));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        // A leap second counts as the last one before it.
        if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (micros, rest) = fraction(bytes.get(19..)?)?;
        let offset = offset_minutes(rest)?;
        let of_day = ((hour * 60 + minute - offset) * 60 + second.min(59)) * SECOND_US + micros;
        Some(Self(days_from_civil(year, month, day) * DAY_US + of_day))
    }

    /// Appends the wire form in whole milliseconds, for example `2026-11-20T10:00:00.000Z`; a time outside of the years 0 to 9999 is
    /// written as the nearest inside.
    pub fn write(self, out: &mut Vec<u8>) {
        let text = self.text();
        out.extend_from_slice(&text[..23]);
        out.push(b'Z');
    }

    /// The same in microseconds: `2026-11-20T10:00:00.000007Z`.
    pub fn write_micros(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }

    fn text(self) -> [u8; 27] {
        let micros = self.0.clamp(FIRST_US, LAST_US);
        let (year, month, day) = civil_from_days(micros.div_euclid(DAY_US));
        let of_day = micros.rem_euclid(DAY_US);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], of_day / (3_600 * SECOND_US));
        put(&mut text[14..16], of_day / (60 * SECOND_US) % 60);
        put(&mut text[17..19], of_day / SECOND_US % 60);
        put(&mut text[20..26], of_day % SECOND_US);
        text
    }
}

/// The form with microseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text()))
    }
}

/// Microseconds of `.123456`, if a fraction stands there, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(inside) = text.strip_prefix(b".") else { return Some((0, text)) };
    let length = inside.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let padded = inside[..length].iter().copied().chain([b'0'; 5]).take(6);
    let micros = padded.fold(0, |n, digit| n * 10 + i64::from(digit - b'0'));
    Some((micros, &inside[length..]))
}

/// Minutes that the local time is ahead of UTC: `Z`, `+01:00`, `-03:30`.
fn offset_minutes(text: &[u8]) -> Option<i64> {
    match text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', m1, m2] if hours.len() == 2 => {
            let (hours, minutes) = (digits(hours)?, digits(&[*m1, *m2])?);
            let total = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes)?;
            Some(if *sign == b'-' { -total } else { total })
        }
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn put(out: &mut [u8], mut n: i64) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
