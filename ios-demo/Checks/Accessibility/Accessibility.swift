// The part of Accessibility that the demo's views use; see ../SwiftUI/Builders.swift.

public enum AccessibilityNotification {
    public struct Announcement {
        public init(_ announcement: String) {}
        public func post() {}
    }
}
