// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Fuzzing of Wire, of KubeAPI's decoders and of Cgroups' parsers, and cost measurement of Wire: a package of its own, so
// that neither is part of the main build. The sources are links to the main package's; only the flags differ.
import PackageDescription

let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "metrics-push-fuzz",
    targets: [
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "CWire", dependencies: ["CProtobufC"]),
        .target(
            name: "Wire", dependencies: ["CWire", "CProtobufC"], exclude: ["wire.proto"],
            swiftSettings: common + [.strictMemorySafety()]),
        .target(name: "CKubeProto", dependencies: ["CProtobufC"]),
        .target(name: "Formats", swiftSettings: common),
        // What turns bytes into objects; the client around it needs NIO.
        .target(
            name: "KubeAPI", dependencies: ["CKubeProto", "CProtobufC", "Formats"],
            swiftSettings: common + [.strictMemorySafety()]),
        .target(name: "CKernel"),
        .target(name: "Cgroups", dependencies: ["CKernel"], swiftSettings: common + [.strictMemorySafety()]),
        .executableTarget(
            name: "CgroupsFuzz", dependencies: ["Cgroups"],
            swiftSettings: common + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "KubeFuzz", dependencies: ["KubeAPI"],
            swiftSettings: common + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "WireFuzz", dependencies: ["Wire"], swiftSettings: common + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(name: "WireCost", dependencies: ["Wire"], swiftSettings: common),
    ]
)
