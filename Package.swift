// swift-tools-version: 6.0

import PackageDescription

#if canImport(Darwin)
    import Foundation

    /// Where the XCFramework of this version can be downloaded. The release script writes it; none has been released yet.
    let release: (url: String, checksum: String)? = nil

    /// The one that was built here, if there is one.
    let local = "target/apple/HolmFFI.xcframework"

    let native: Target
    if FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + local) {
        native = .binaryTarget(name: "HolmFFI", path: local)
    } else if let release {
        native = .binaryTarget(name: "HolmFFI", url: release.url, checksum: release.checksum)
    } else {
        fatalError("no Rust library: build \(local) first")
    }
#else
    /// The directory of libholm_ffi.a. SwiftPM does not notice when it changes: scripts/test-swift does.
    let library = Context.environment["HOLM_LIBRARY_DIR"] ?? Context.packageDirectory + "/target/debug"

    let native = Target.target(
        name: "HolmFFI",
        path: "bindings/swift/Sources/HolmFFI",
        // By its file name: -lholm_ffi would take the shared library beside it, which must be found again when a program starts.
        linkerSettings: [.unsafeFlags(["-L\(library)", "-Xlinker", "-l:libholm_ffi.a"])]
    )
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
        .target(name: "Holm", dependencies: ["HolmBindings"], path: "bindings/swift/Sources/Holm"),
        .executableTarget(
            name: "HolmBench",
            dependencies: ["Holm", "HolmBindings"],
            path: "bindings/swift/Sources/HolmBench"
        ),
        .testTarget(name: "HolmTests", dependencies: ["Holm"], path: "bindings/swift/Tests/HolmTests"),
    ]
)
