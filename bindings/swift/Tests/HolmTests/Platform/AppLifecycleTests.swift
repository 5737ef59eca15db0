import Foundation
import Testing

@testable import Holm

extension HolmSuite {
    /// An app's way on and off the screen, with a real client and server.
    @Suite @MainActor struct AppLifecycles {
        @Test func leaving_the_screen_sends_what_is_queued_and_closes_the_files() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                let times = Times()
                let lifecycle = AppLifecycle(device.holm, askForTime: times.ask)
                try await device.todos.create(Todo(title: "written just before"))
                lifecycle.didEnterBackground()
                #expect(times.asked == 1, "the time is asked for before the system goes on")
                await Resources.eventually { times.givenBack == 1 }
                #expect(await failure { try await device.holm.status() }?.code == .suspended)

                lifecycle.willEnterForeground()
                await Resources.eventually { (try? await device.holm.status().pending) == 0 }
                #expect(try await device.todos.query().map(\.title) == ["written just before"])
                #expect(try await device.todos.queryStored().map(\.status) == [.synced])
            }
        }

        @Test func time_that_is_up_cuts_the_sync_and_still_closes_the_files() async throws {
            let silent = try TinyServer()
            defer { silent.stop() }
            let holm = try await Holm.open(.init(baseURL: silent.url, storage: .inMemory, autoSync: false))
            try await holm.setToken("a token")
            let times = Times()
            let lifecycle = AppLifecycle(holm, askForTime: times.ask)
            lifecycle.didEnterBackground()
            await silent.connected()
            #expect(times.givenBack == 0)
            times.expire()
            await Resources.eventually { times.givenBack == 1 }
            #expect(await failure { try await holm.status() }?.code == .suspended)
        }

        @Test func no_time_at_all_is_enough_to_close_the_files() async throws {
            let holm = try await openInMemory()
            let times = Times(none: true)
            let lifecycle = AppLifecycle(holm, askForTime: times.ask)
            lifecycle.didEnterBackground()
            await Resources.eventually { times.givenBack == 1 }
            #expect(await failure { try await holm.status() }?.code == .suspended)
        }

        @Test func a_quick_return_ends_with_an_open_client() async throws {
            let holm = try await openInMemory()
            let times = Times()
            let lifecycle = AppLifecycle(holm, askForTime: times.ask)
            for _ in 0..<20 {
                lifecycle.didEnterBackground()
                lifecycle.willEnterForeground()
            }
            await Resources.eventually { times.givenBack == 20 }
            await Resources.eventually { (try? await holm.status())?.phase == .idle }
            try await holm.awake.begin()
            #expect(try await holm.status().phase == .idle)
        }

        @Test func what_is_told_twice_counts_once() async throws {
            let holm = try await openInMemory()
            let times = Times()
            let lifecycle = AppLifecycle(holm, askForTime: times.ask)
            lifecycle.willEnterForeground()
            lifecycle.didEnterBackground()
            lifecycle.didEnterBackground()
            await Resources.eventually { times.givenBack == 1 }
            #expect(times.asked == 1)
            lifecycle.willEnterForeground()
            lifecycle.willEnterForeground()
            await Resources.eventually { (try? await holm.status())?.phase == .idle }
        }

        @Test func a_launch_in_the_background_wakes_the_client_for_a_slice_only() async throws {
            try await withServer { server in
                let device = try await Device(server, isFirst: true)
                try await device.todos.create(Todo(title: "a"))
                let lifecycle = AppLifecycle(device.holm, askForTime: Times().ask)
                lifecycle.didLaunchInBackground()
                await Resources.eventually { await isSuspended(device.holm) }
                let background = HolmBackgroundSync(identifier: "sync", budget: 10)
                #expect(await background.run { device.holm })
                #expect(await isSuspended(device.holm))
                lifecycle.willEnterForeground()
                await Resources.eventually { (try? await device.holm.status().pending) == 0 }
            }
        }

        @Test func a_lifecycle_does_not_keep_a_client_alive() async throws {
            var holm: Holm? = try await openInMemory()
            weak var held = holm
            let lifecycle = AppLifecycle(try #require(holm), askForTime: Times().ask)
            holm = nil
            #expect(held == nil)
            lifecycle.didEnterBackground()
        }

        private func isSuspended(_ holm: Holm) async -> Bool {
            do {
                _ = try await holm.status()
                return false
            } catch {
                return error.code == .suspended
            }
        }
    }
}

/// A system that grants time, and counts it.
@MainActor
private final class Times {
    private let none: Bool
    private(set) var asked = 0
    private(set) var givenBack = 0
    private var grants: [Grant] = []

    init(none: Bool = false) {
        self.none = none
    }

    func ask() -> any GraceTime {
        asked += 1
        let grant = Grant(isOver: none) { self.givenBack += 1 }
        grants.append(grant)
        return grant
    }

    func expire() {
        for grant in grants { grant.expire() }
    }

    private final class Grant: GraceTime {
        private var isOver: Bool
        private var expiration: (@MainActor () -> Void)?
        private let back: @MainActor () -> Void

        init(isOver: Bool, back: @escaping @MainActor () -> Void) {
            self.isOver = isOver
            self.back = back
        }

        func onExpiration(_ expire: @escaping @MainActor () -> Void) {
            expiration = expire
            if isOver { expire() }
        }

        func giveBack() { back() }

        func expire() {
            isOver = true
            expiration?()
        }
    }
}
