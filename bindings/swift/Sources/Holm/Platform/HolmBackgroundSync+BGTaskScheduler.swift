#if canImport(BackgroundTasks) && !os(macOS)
    import BackgroundTasks
    import Foundation

    extension HolmBackgroundSync {
        /// Tells the system what to run. Once, before the app has finished launching; from any thread.
        ///
        /// A slice asks for the next one, syncs until its budget or the system ends it, and reports itself done exactly
        /// once.
        ///
        /// - Parameter client: Gives the app's client, which is opened if it is not. Called on no particular thread.
        /// - Returns: `false` if the identifier is not in the Info.plist.
        @available(iOSApplicationExtension, unavailable)
        @available(tvOSApplicationExtension, unavailable)
        @discardableResult
        public func register(_ client: @escaping @Sendable () async throws -> Holm) -> Bool {
            BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
                handle(task, client)
            }
        }

        /// Asks the system for a slice, not before the interval has passed. In the place of the one asked for before.
        ///
        /// - Throws: The system's `BGTaskScheduler.Error`, for example where the user has turned background refresh off.
        @available(iOSApplicationExtension, unavailable)
        @available(tvOSApplicationExtension, unavailable)
        public func schedule() throws {
            let request = BGAppRefreshTaskRequest(identifier: identifier)
            request.earliestBeginDate = Date(timeIntervalSinceNow: interval)
            try BGTaskScheduler.shared.submit(request)
        }

        @available(iOSApplicationExtension, unavailable)
        @available(tvOSApplicationExtension, unavailable)
        private func handle(_ task: BGTask, _ client: @escaping @Sendable () async throws -> Holm) {
            // Without a next one the app syncs when it is opened.
            try? schedule()
            let granted = Granted(task: task)
            let cut = start(client) { isComplete in granted.task.setTaskCompleted(success: isComplete) }
            task.expirationHandler = cut
        }

        /// Unchecked: a task may be completed from any thread, and nothing else is done with it there.
        private struct Granted: @unchecked Sendable {
            let task: BGTask
        }
    }
#endif
