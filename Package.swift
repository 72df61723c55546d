// swift-tools-version: 6.2
import PackageDescription

// A target depends only on floors below its own (docs/architecture.md):
//   4 programs  Server, Control, Agent, Top
//   3 I/O       Storage, Transport, Configuration, Platform
//   2 pure      Modules, Dashboard
//   1 pure      Telemetry, Federation
//   0 pure      XMPP, Filter, Arguments

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
    name: "lapwing",
    products: [
        .executable(name: "lapwing-server", targets: ["Server"]),
        .executable(name: "lapwingctl", targets: ["Control"]),
        .executable(name: "lapwing-agent", targets: ["Agent"]),
        .executable(name: "lapwing-top", targets: ["Top"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // The system's libraries
        .systemLibrary(
            name: "CExpat",
            pkgConfig: "expat",
            providers: [.apt(["libexpat1-dev"])]
        ),
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]
        ),
        .systemLibrary(
            name: "CNcurses",
            providers: [.apt(["libncurses-dev"])]
        ),
        .systemLibrary(name: "CUnistring", providers: [.apt(["libunistring-dev"])]),
        .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
        .target(name: "CTOML"),

        // 0: the language, no I/O
        .target(
            name: "XMPP",
            dependencies: ["CExpat", "COpenSSL", "CUnistring"],
            swiftSettings: settings
        ),
        .target(name: "Filter", swiftSettings: settings),
        .target(name: "Arguments", swiftSettings: settings),
        // 1
        .target(name: "Telemetry", dependencies: ["XMPP"], swiftSettings: settings),
        .target(name: "Federation", dependencies: ["XMPP"], swiftSettings: settings),
        // 2
        .target(
            name: "Modules",
            dependencies: ["XMPP", "Filter", "Telemetry"],
            swiftSettings: settings
        ),
        .target(
            name: "Dashboard",
            dependencies: ["Telemetry", "XMPP", "CUnistring"],
            path: "dashboards/core",
            swiftSettings: settings
        ),
        // 3: I/O
        .target(name: "Configuration", dependencies: ["CTOML"], swiftSettings: settings),
        .target(name: "Platform", dependencies: ["XMPP"], swiftSettings: settings),
        .target(
            name: "Storage",
            dependencies: [
                "Modules", "XMPP", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Transport",
            dependencies: ["XMPP", "Federation", "COpenSSL", "CUnbound"] + nio,
            swiftSettings: settings
        ),
        // 4: programs
        .executableTarget(
            name: "Server",
            dependencies: [
                "XMPP", "Federation", "Modules", "Storage", "Transport", "Configuration",
                "Platform", .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + nio,
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Control",
            dependencies: [
                "XMPP", "Modules", "Storage", "Transport", "Configuration",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Agent",
            dependencies: [
                "XMPP", "Telemetry", "Transport", "Configuration", "Platform", "Arguments",
            ],
            path: "collectors",
            exclude: ["README.md"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Top",
            dependencies: [
                "XMPP", "Telemetry", "Dashboard", "Transport", "Configuration", "Platform",
                "Arguments", "CNcurses",
            ],
            path: "dashboards/terminal",
            swiftSettings: settings
        ),

        // What others may start from
        .executableTarget(
            name: "lapwing-echo",
            dependencies: ["XMPP", "Transport"],
            path: "Examples/Echo",
            swiftSettings: settings
        ),

        // One folder a target
        .testTarget(name: "XMPPTests", dependencies: ["XMPP"], swiftSettings: settings),
        .testTarget(name: "FilterTests", dependencies: ["Filter"], swiftSettings: settings),
        .testTarget(name: "ArgumentsTests", dependencies: ["Arguments"], swiftSettings: settings),
        .testTarget(
            name: "FederationTests",
            dependencies: ["Federation", "XMPP"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "XMPP"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ModulesTests",
            dependencies: ["Modules", "Filter", "Telemetry", "XMPP"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DashboardTests",
            dependencies: ["Dashboard", "Telemetry", "XMPP"],
            swiftSettings: settings
        ),
        .testTarget(name: "PlatformTests", dependencies: ["Platform"], swiftSettings: settings),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Configuration"],
            swiftSettings: settings
        ),
        .target(
            name: "CForgetfulVFS",
            path: "Tests/CForgetfulVFS",
            linkerSettings: [.linkedLibrary("sqlite3")]
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "CForgetfulVFS", "Storage", "Modules", "XMPP",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ControlTests",
            dependencies: [
                "Control", "Server", "Modules", "Storage", "XMPP",
                .product(name: "Logging", package: "swift-log"),
            ] + nio,
            swiftSettings: settings
        ),
        .testTarget(
            name: "TransportTests",
            dependencies: ["Transport", "XMPP", "COpenSSL"]
                + nio + [.product(name: "NIOEmbedded", package: "swift-nio")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "Agent", "Telemetry", "XMPP", "Arguments", "Configuration", "Transport",
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Server", "Modules", "Platform", "Storage", "Telemetry", "Transport", "XMPP",
            ] + nio,
            swiftSettings: settings
        ),
        .testTarget(name: "TidyTests", swiftSettings: settings),
    ],
    cxxLanguageStandard: .cxx17
)
