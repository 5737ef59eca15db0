internal import HolmBindings

extension Holm {
    /// Something that happened to the app or the device, for ``Holm/report(_:)``. It says what happened, not what to do
    /// about it: when to sync is decided in the core, the same for every platform.
    public enum Event: Hashable, Sendable {
        /// The process has started. Looks for changes at once.
        case launched
        /// The app is on the screen: looks for changes at once, and from now on every
        /// ``HolmConfiguration/foregroundInterval``.
        case foreground
        /// The app has left the screen: from now on every ``HolmConfiguration/interval``, as long as the system lets
        /// the process run at all.
        case background
        /// The device saves energy (true) or has stopped to: intervals are four times as long meanwhile.
        case lowPower(Bool)
        /// A push notification says that the server has something new. Looks for it within half a second.
        case pushReceived
    }

    /// Tells what has happened to the app or the device. Returns at once. However often it is called, at most one sync a
    /// second starts because of it. Changes of the network go through ``setNetwork(_:)``.
    public func report(_ event: Event) {
        // Fails only where a defect of the core makes it panic; there is nothing to do about that here.
        try? ffi.report(event: event.translated)
    }
}

extension Holm.Event {
    fileprivate var translated: FfiEvent {
        switch self {
        case .launched: .launched
        case .foreground: .foreground
        case .background: .background
        case .lowPower(let isOn): .lowPower(on: isOn)
        case .pushReceived: .pushReceived
        }
    }
}
