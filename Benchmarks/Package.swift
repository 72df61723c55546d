// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the main graph stays small: it builds a load generator that
// speaks to any XMPP server and shares no code with ours.
let package = Package(
    name: "lapwing-benchmarks",
    targets: [
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]
        ),
        .systemLibrary(name: "CLinux"),
        .executableTarget(
            name: "lapwing-load",
            dependencies: ["CLinux", "COpenSSL"],
            path: "Sources/Load",
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]
        ),
    ]
)
