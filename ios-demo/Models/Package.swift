// swift-tools-version: 6.0

import PackageDescription

// The demo's models: everything but the views, so that it can be built and tested without a Mac. The app's Xcode
// project refers to this package and to Holm's own, two folders up.

/// Holm's testing kit has its own library, which is there where the whole workspace was built.
#if canImport(Darwin)
    let testingKit: [Target.Dependency] = []
#else
    let testingKit: [Target.Dependency] = [.product(name: "HolmTesting", package: "Holm")]
#endif

let package = Package(
    name: "HolmDemoModels",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "HolmDemoModels", targets: ["HolmDemoModels"])],
    dependencies: [.package(name: "Holm", path: "../..")],
    targets: [
        .target(name: "HolmDemoModels", dependencies: [.product(name: "Holm", package: "Holm")]),
        .testTarget(name: "HolmDemoModelsTests", dependencies: ["HolmDemoModels"] + testingKit),
    ]
)
