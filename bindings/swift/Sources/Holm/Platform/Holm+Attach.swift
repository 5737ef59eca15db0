import Foundation

extension Holm {
    /// Lets the client follow the app and the device: one call after ``open(_:)``, for an app as a whole.
    ///
    /// From then on, and until the client is let go:
    ///
    /// - the device's network decides whether and how often it syncs (`NWPathMonitor`);
    /// - it syncs when the app comes to the screen. When the app leaves it, the client sends what is queued in the time
    ///   that iOS still grants, and is suspended; when the app comes back, it is resumed (`UIApplication`). On a Mac it is
    ///   never suspended;
    /// - it syncs less often while the device saves energy.
    ///
    /// A second call does nothing. Where the system tells nothing of this, as on Linux, the client only looks for changes.
    /// An app extension has no screen of its own: it uses ``setNetwork(_:)``, ``report(_:)`` and ``suspend()`` itself.
    @available(iOSApplicationExtension, unavailable)
    @available(tvOSApplicationExtension, unavailable)
    @MainActor
    public func attach() {
        let isFirst = attachments.withLock { known in
            defer { known = known ?? [] }
            return known == nil
        }
        guard isFirst else { return }
        report(.launched)
        var parts: [any Sendable] = []
        #if canImport(Network)
            parts.append(NetworkMonitor { [weak self] network in self?.setNetwork(network) })
        #endif
        #if (canImport(UIKit) && !os(watchOS)) || (canImport(AppKit) && !targetEnvironment(macCatalyst))
            parts.append(AppLifecycleObserver(self))
        #endif
        #if canImport(UIKit) && !os(watchOS)
            parts.append(LowPowerObserver(self))
        #endif
        attachments.withLock { known in known = parts }
    }
}
