import Foundation

// No class is Sendable here, so that the code does not count on it.
open class BGTask {
    open var expirationHandler: (() -> Void)?
    open func setTaskCompleted(success: Bool) {}
}

open class BGTaskRequest {
    open var earliestBeginDate: Date?
}

open class BGAppRefreshTaskRequest: BGTaskRequest {
    public init(identifier: String) {}
}

open class BGTaskScheduler: @unchecked Sendable {
    open class var shared: BGTaskScheduler { fatalError("declared only") }
    open func register(
        forTaskWithIdentifier identifier: String, using queue: DispatchQueue?,
        launchHandler: @escaping (BGTask) -> Void
    ) -> Bool { fatalError("declared only") }
    open func submit(_ taskRequest: BGTaskRequest) throws {}
}
