import Testing

/// All tests: each has a server process of its own, so one at a time is enough for a small machine.
@MainActor @Suite(.serialized, .timeLimit(.minutes(2))) struct DemoSuite {}
