#if os(Linux)
    /// Swift 6.0 for Linux forgot this symbol, which Observation asks for; there it is called when a lock is misused.
    @_cdecl("_ZN5swift9threading5fatalEPKcz")
    public func swiftThreadingFatal() -> Never {
        fatalError("a lock of the Swift runtime was misused")
    }
#endif
