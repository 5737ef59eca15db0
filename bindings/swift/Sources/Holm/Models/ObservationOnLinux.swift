#if os(Linux) && compiler(<6.2)
    /// The Observation library of Swift 6.0 for Linux asks for this function of the runtime, which has none outside.
    @_cdecl("_ZN5swift9threading5fatalEPKcz")
    func swiftThreadingFatal() -> Never {
        fatalError("the Swift runtime met a lock that it cannot use")
    }
#endif
