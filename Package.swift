// swift-tools-version: 6.0

import PackageDescription

// The Rust libraries. `testing` is the server that the testing kit runs; without it there is no product HolmTesting.
#if canImport(Darwin)
    import Foundation

    /// Where the XCFramework of this version can be downloaded. The release script writes it; none has been released yet.
    let release: (url: String, checksum: String)? = nil

    /// What was built here, if it was.
    func local(_ name: String) -> Target? {
        let path = "target/apple/\(name).xcframework"
        guard FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + path) else { return nil }
        return .binaryTarget(name: name, path: path)
    }

    let native: Target
    if let built = local("HolmFFI") {
        native = built
    } else if let release {
        native = .binaryTarget(name: "HolmFFI", url: release.url, checksum: release.checksum)
    } else {
        fatalError("no Rust library: build target/apple/HolmFFI.xcframework first")
    }
    let testing = local("HolmTestingFFI")

    /// Apple asks every package what it does with files and clocks.
    let manifest: [Resource] = [.copy("PrivacyInfo.xcprivacy")]
    let unused: [String] = []
#else
    /// The directory of libholm_ffi.a. SwiftPM does not notice when it changes: scripts/test-swift does.
    let library = Context.environment["HOLM_LIBRARY_DIR"] ?? Context.packageDirectory + "/target/debug"

    /// A Rust library, by its file name: -lholm_ffi would take the shared library beside it, which must be found again when
    /// a program starts.
    func rust(_ name: String, _ file: String, _ flags: [String] = []) -> Target {
        .target(
            name: name,
            path: "bindings/swift/Sources/\(name)",
            linkerSettings: [.unsafeFlags(["-L\(library)", "-Xlinker", "-l:\(file)"] + flags)]
        )
    }

    let native = rust("HolmFFI", "libholm_ffi.a")
    // Shared, so that two Rust libraries can be in one program.
    let testing: Target? = rust("HolmTestingFFI", "libholm_testing.so", ["-Xlinker", "-rpath", "-Xlinker", library])

    let manifest: [Resource] = []
    let unused = ["PrivacyInfo.xcprivacy"]
#endif

let package = Package(
    name: "Holm",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Holm", targets: ["Holm"])],
    targets: [
        native,
        .target(
            name: "HolmBindings",
            dependencies: ["HolmFFI"],
            path: "bindings/swift/Sources/HolmBindings",
            // What the generator writes does not always pass as Swift 6.
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        .target(
            name: "Holm",
            dependencies: ["HolmBindings"],
            path: "bindings/swift/Sources/Holm",
            exclude: unused,
            resources: manifest
        ),
        .executableTarget(
            name: "HolmBench",
            dependencies: ["Holm", "HolmBindings"],
            path: "bindings/swift/Sources/HolmBench"
        ),
        .testTarget(name: "HolmTests", dependencies: ["Holm"], path: "bindings/swift/Tests/HolmTests"),
    ]
)

if let testing {
    package.products.append(.library(name: "HolmTesting", targets: ["HolmTesting"]))
    package.targets += [
        testing,
        .target(
            name: "HolmTestingBindings",
            dependencies: ["HolmTestingFFI"],
            path: "bindings/swift/Sources/HolmTestingBindings",
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
        .target(
            name: "HolmTesting",
            dependencies: ["Holm", "HolmBindings", "HolmTestingBindings"],
            path: "bindings/swift/Sources/HolmTesting"
        ),
        .testTarget(
            name: "HolmTestingTests",
            dependencies: ["Holm", "HolmTesting"],
            path: "bindings/swift/Tests/HolmTestingTests"
        ),
    ]
}
