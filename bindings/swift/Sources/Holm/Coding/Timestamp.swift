import Foundation

/// Moments as texts: RFC 3339 in UTC with milliseconds, `2026-11-20T10:00:00.000Z`.
///
/// The order of such texts is the order of the moments, so documents sort and compare by them. Foundation's formatter
/// truncates where this one rounds: a moment of whole milliseconds comes back as it was.
enum Timestamp {
    static func text(_ date: Date) -> String? {
        let milliseconds = (date.timeIntervalSince1970 * 1_000).rounded()
        guard (firstMs...lastMs).contains(milliseconds) else { return nil }
        let (day, time) = Int64(milliseconds).quotientAndRemainder(flooringBy: 86_400_000)
        let (year, month, dayOfMonth) = civil(day)
        return String(unsafeUninitializedCapacity: 24) { bytes in
            var writer = Writer(bytes: bytes)
            writer.write(year, 4, "-")
            writer.write(month, 2, "-")
            writer.write(dayOfMonth, 2, "T")
            writer.write(time / 3_600_000, 2, ":")
            writer.write(time / 60_000 % 60, 2, ":")
            writer.write(time / 1_000 % 60, 2, ".")
            writer.write(time % 1_000, 3, "Z")
            return writer.at
        }
    }

    /// Reads RFC 3339 with any offset and any number of fraction digits.
    static func date(_ text: String) -> Date? {
        var text = text
        return text.withUTF8 { date(Scanner(bytes: $0)) }
    }

    private static func date(_ scanner: Scanner) -> Date? {
        var scanner = scanner
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2), scanner.takeT(), let hour = scanner.number(2), scanner.take(":"),
            let minute = scanner.number(2), scanner.take(":"), let second = scanner.number(2)
        else { return nil }
        let microseconds = scanner.take(".") ? scanner.microseconds() : 0
        guard let microseconds, let offset = scanner.offset(), scanner.isAtEnd, (1...12).contains(month),
            (1...daysOfMonth(month, year)).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let seconds = dayNumber(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return Date(timeIntervalSince1970: Double(seconds * 1_000_000 + microseconds) / 1_000_000)
    }

    // The years 0000 to 9999.
    private static let firstMs = -62_167_219_200_000.0
    private static let lastMs = 253_402_300_799_999.0

    private static func daysOfMonth(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970 of a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
    /// algorithms").
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.quotientAndRemainder(flooringBy: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ dayNumber: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (dayNumber + 719_468).quotientAndRemainder(flooringBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Division that rounds down, so that the remainder is never negative.
    fileprivate func quotientAndRemainder(flooringBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Writes numbers of fixed width.
private struct Writer {
    let bytes: UnsafeMutableBufferPointer<UInt8>
    var at = 0

    mutating func write(_ value: Int64, _ width: Int, _ end: Unicode.Scalar) {
        var rest = value
        for place in stride(from: at + width - 1, through: at, by: -1) {
            bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        bytes[at + width] = UInt8(ascii: end)
        at += width + 1
    }
}

/// Reads a timestamp's parts; each is `nil` where something else stands.
private struct Scanner {
    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: wanted) else { return false }
        at += 1
        return true
    }

    /// What stands between date and time.
    mutating func takeT() -> Bool {
        take("T") || take("t") || take(" ")
    }

    private mutating func digit() -> Int64? {
        guard at < bytes.count, bytes[at] &- UInt8(ascii: "0") < 10 else { return nil }
        at += 1
        return Int64(bytes[at - 1] - UInt8(ascii: "0"))
    }

    mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The digits after the point, at least one; those behind the sixth do not count.
    mutating func microseconds() -> Int64? {
        guard let first = digit() else { return nil }
        var (value, unit) = (first * 100_000, Int64(10_000))
        while let next = digit() {
            value += next * unit
            unit /= 10
        }
        return value
    }

    /// `Z`, or hours and minutes ahead of UTC, in seconds.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64 = take("-") ? -1 : 1
        guard sign < 0 || take("+"), let hours = number(2), take(":"), let minutes = number(2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}
