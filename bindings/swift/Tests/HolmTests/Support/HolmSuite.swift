import Testing

/// All tests, one after the other: some of them look at the memory and the files of the whole process.
@Suite(.serialized, .timeLimit(.minutes(3))) struct HolmSuite {}
