// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Our own targets: Swift 6 mode, every warning an error, no implicit re-exports.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Targets that touch C memory: each unsafe use carries the `unsafe` marker.
let strict: [SwiftSetting] = common + [.strictMemorySafety()]

func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

let package = Package(
    name: "metrics-push",
    products: [
        .executable(name: "agent", targets: ["AgentMain"]),
        .executable(name: "aggregator", targets: ["AggregatorMain"]),
        .executable(name: "swarm", targets: ["Swarm"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C: system libraries, one-line shims, generated code.
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CKernel"),
        .target(name: "CMemory"),
        .target(name: "CWire", dependencies: ["CProtobufC"]),
        .target(name: "CKubeProto", dependencies: ["CProtobufC"]),

        // Pure: bytes in, values out.
        .target(name: "Calendar", swiftSettings: common),
        .target(name: "Formats", swiftSettings: common),
        .target(name: "Console", dependencies: ["Calendar"], swiftSettings: strict),
        .target(name: "Wire", dependencies: ["CWire", "CProtobufC"], exclude: ["wire.proto"], swiftSettings: strict),
        .target(name: "MetricsAPI", dependencies: ["CMemory", "Calendar", "Formats"], swiftSettings: strict),

        .target(name: "Gzip", dependencies: ["CZlib", "MetricsAPI"], swiftSettings: strict),

        // I/O.
        .target(name: "Cgroups", dependencies: ["CKernel"], swiftSettings: strict),
        .target(name: "TLS", dependencies: ["COpenSSL", "Calendar"], swiftSettings: strict),
        .target(
            name: "TLSChannel", dependencies: ["TLS", nio("NIOCore"), nio("NIOTLS")], swiftSettings: common),
        .target(
            name: "KubeAPI",
            dependencies: [
                "CKubeProto", "CProtobufC", "Formats", "TLS", "TLSChannel",
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOTLS"),
                .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
            ],
            exclude: ["kube.proto"], swiftSettings: strict),

        // The two programs: a library each, and an executable that only starts it.
        .target(
            name: "NodeAgent", dependencies: ["CKernel", "Calendar", "Cgroups", "Console", "Formats", "TLS", "Wire"],
            swiftSettings: strict),
        .executableTarget(name: "AgentMain", dependencies: ["NodeAgent"], swiftSettings: common),
        .target(
            name: "Aggregator",
            dependencies: [
                "CKernel", "Calendar", "Console", "Formats", "Gzip", "KubeAPI", "MetricsAPI", "TLS", "TLSChannel",
                "Wire",
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOTLS"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common),
        .executableTarget(
            name: "AggregatorMain",
            dependencies: [
                "Aggregator", "Console", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),

        // What `make bench` measures with; not shipped.
        .executableTarget(
            name: "Bench", dependencies: ["CKernel", "Cgroups", "Console", "Formats", "TLS", "Wire"],
            swiftSettings: common),
        // Many agents in one process, to load an aggregator with; not shipped.
        .executableTarget(
            name: "Swarm",
            dependencies: [
                "CKernel", "Console", "NodeAgent", "TLS", "TLSChannel", "Wire",
                nio("NIOCore"), nio("NIOPosix"), nio("NIOTLS"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),

        // The API server of that aggregator's cluster; not shipped.
        .executableTarget(
            name: "BenchCluster",
            dependencies: ["Console", "Formats", "KubeAPI", "KubeTestSupport", "TLS"], swiftSettings: common),

        // Tests: one folder per target.
        .executableTarget(name: "Churn", path: "Tests/Churn"),
        .testTarget(name: "CalendarTests", dependencies: ["Calendar"], swiftSettings: common),
        .testTarget(name: "FormatsTests", dependencies: ["Formats", "TLSTestSupport"], swiftSettings: common),
        .testTarget(name: "ConsoleTests", dependencies: ["Console"], swiftSettings: common),
        // Replaces malloc in the program that has the tests, to count for each thread.
        .target(name: "AllocationCounting", path: "Tests/AllocationCounting"),
        .testTarget(
            name: "WireTests", dependencies: ["AllocationCounting", "CWire", "Wire"], exclude: ["Corpus"],
            swiftSettings: common),
        .testTarget(
            name: "CgroupsTests", dependencies: ["CKernel", "CSpawn", "Cgroups"], exclude: ["Corpus"],
            swiftSettings: common),
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        .target(
            name: "TLSTestSupport", dependencies: ["CSpawn", "TLS"], path: "Tests/TLSTestSupport", swiftSettings: common
        ),
        .testTarget(name: "TLSTests", dependencies: ["TLS", "TLSTestSupport"], swiftSettings: common),
        .testTarget(
            name: "TLSChannelTests",
            dependencies: [
                "TLSChannel", "TLS", "TLSTestSupport", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOPosix"),
                nio("NIOTLS"),
            ],
            swiftSettings: common),
        .target(
            name: "KubeTestSupport",
            dependencies: [
                "Formats", "KubeAPI", "TLS", "TLSChannel", "TLSTestSupport", nio("NIOCore"), nio("NIOPosix"),
                nio("NIOHTTP1"),
            ],
            path: "Tests/KubeTestSupport", swiftSettings: common),
        .testTarget(
            name: "KubeAPITests",
            dependencies: [
                "Formats", "KubeAPI", "KubeTestSupport", "TLS", "TLSTestSupport", nio("NIOCore"), nio("NIOPosix"),
                nio("NIOHTTP1"),
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Corpus"], swiftSettings: common),
        .testTarget(
            name: "MetricsAPITests", dependencies: ["Formats", "MetricsAPI"], exclude: ["Fixtures"],
            swiftSettings: common),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: [
                "NodeAgent", "CKernel", "Cgroups", "Console", "Formats", "TLS", "TLSChannel", "TLSTestSupport", "Wire",
                nio("NIOCore"), nio("NIOPosix"),
            ],
            swiftSettings: common),
        .testTarget(
            name: "AggregatorTests",
            dependencies: [
                "Aggregator", "CKernel", "Calendar", "Console", "Formats", "KubeAPI", "KubeTestSupport", "MetricsAPI",
                "TLS", "TLSChannel", "TLSTestSupport", "Wire",
                nio("NIOCore"), nio("NIOEmbedded"), nio("NIOPosix"), nio("NIOHTTP1"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: common),
        .testTarget(
            name: "DoctorTests",
            dependencies: [
                "Aggregator", "Console", "KubeAPI", "KubeTestSupport", "TLS", "TLSChannel", "TLSTestSupport", "Wire",
                nio("NIOCore"), nio("NIOPosix"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: common),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "AgentMain", "AggregatorMain", "CSpawn", "Cgroups", "Churn", "Formats", "Swarm", "TLS",
                "TLSTestSupport", "Wire",
            ],
            swiftSettings: common),
        .testTarget(
            name: "SwarmTests",
            dependencies: [
                "Swarm", "Console", "Formats", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),
        .testTarget(
            name: "BenchTests", dependencies: ["Bench", "KubeTestSupport", "TLS", "TLSTestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "BenchClusterTests",
            dependencies: [
                "BenchCluster", "KubeAPI", "KubeTestSupport", "TLSTestSupport", nio("NIOPosix"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: common),
        .testTarget(
            name: "AggregatorMainTests",
            dependencies: [
                "AggregatorMain", "Aggregator", "Console",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),
    ]
)
