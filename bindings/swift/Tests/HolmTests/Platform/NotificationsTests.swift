import Foundation
import Testing

@testable import Holm

extension HolmSuite {
    /// The system's notifications, on their way to the main actor.
    @Suite @MainActor struct SystemNotifications {
        private let center = NotificationCenter()
        private let name = Notification.Name("test")

        @Test func a_handler_runs_before_the_post_returns() {
            var count = 0
            let notifications = Notifications(queue: nil, center: center, [.on(name) { count += 1 }])
            center.post(name: name, object: nil)
            center.post(name: Notification.Name("another"), object: nil)
            #expect(count == 1)
            withExtendedLifetime(notifications) {}
        }

        @Test func who_is_let_go_hears_nothing_more() {
            var count = 0
            var notifications: Notifications? = Notifications(queue: nil, center: center, [.on(name) { count += 1 }])
            withExtendedLifetime(notifications) {}
            notifications = nil
            center.post(name: name, object: nil)
            #expect(count == 0)
        }
    }
}
