import Testing

/// A target reaches only what its floor allows (docs/architecture.md).
struct ImportTests {
    /// A target's folder and every module that its files may import.
    struct Rule: CustomStringConvertible, Sendable {
        var folder: String
        var allowed: Set<String>

        var description: String { folder }
    }

    static let nio: Set = ["NIOCore", "NIOPosix"]
    static let rules = [
        Rule(folder: "Sources/XMPP", allowed: ["CExpat", "COpenSSL", "CUnistring"]),
        Rule(folder: "Sources/Arguments", allowed: []),
        Rule(folder: "Sources/Filter", allowed: []),
        Rule(folder: "Sources/Telemetry", allowed: ["XMPP"]),
        Rule(folder: "Sources/Federation", allowed: ["XMPP"]),
        Rule(folder: "Sources/Modules", allowed: ["XMPP", "Filter", "Telemetry"]),
        Rule(folder: "dashboards/core", allowed: ["XMPP", "Telemetry", "CUnistring"]),
        Rule(folder: "Sources/Configuration", allowed: ["CTOML", "Glibc"]),
        Rule(folder: "Sources/Platform", allowed: ["XMPP", "Glibc"]),
        Rule(
            folder: "Sources/Storage",
            allowed: [
                "XMPP", "Modules", "GRDB", "GRDBSQLite", "Foundation", "Dispatch", "Glibc",
                "Synchronization",
            ]
        ),
        Rule(
            folder: "Sources/Transport",
            allowed: nio.union([
                "XMPP", "Federation", "COpenSSL", "CUnbound", "Glibc", "Synchronization",
            ])
        ),
        Rule(
            folder: "Sources/Server",
            allowed: nio.union([
                "XMPP", "Federation", "Modules", "Storage", "Transport", "Configuration",
                "Platform", "Logging", "ArgumentParser", "Glibc", "Synchronization", "Dispatch",
            ])
        ),
        Rule(
            folder: "Sources/Control",
            allowed: [
                "XMPP", "Modules", "Storage", "Transport", "Configuration", "ArgumentParser",
                "Foundation", "Dispatch", "Glibc",
            ]
        ),
        Rule(
            folder: "collectors",
            allowed: [
                "XMPP", "Telemetry", "Transport", "Configuration", "Platform", "Arguments",
                "Glibc", "Synchronization",
            ]
        ),
        Rule(
            folder: "dashboards/terminal",
            allowed: [
                "XMPP", "Telemetry", "Dashboard", "Transport", "Configuration", "Platform",
                "Arguments", "CNcurses", "Glibc", "Synchronization",
            ]
        ),
    ]

    @Test(arguments: rules)
    func importsOnlyWhatItsFloorAllows(_ rule: Rule) {
        let files = SourceTree.swiftFiles.filter { $0.path.hasPrefix(rule.folder + "/") }
        #expect(!files.isEmpty, "\(rule.folder) has no Swift file")
        for file in files {
            let strangers = imports(of: file).subtracting(rule.allowed)
            #expect(strangers.isEmpty, "\(file) imports \(strangers.sorted())")
        }
    }

    @Test func everyTargetHasARule() {
        let folders = SourceTree.folders(in: "Sources").filter {
            !$0.hasPrefix("C") || $0 == "Control" || $0 == "Configuration"
        }
        let ruled = Set(Self.rules.map(\.folder))
        for folder in folders {
            #expect(ruled.contains("Sources/" + folder), "Sources/\(folder)")
        }
    }

    @Test func onlyStorageImportsTheDatabase() {
        for file in SourceTree.swiftFiles where imports(of: file).contains("GRDB") {
            let isTheirs =
                file.path.hasPrefix("Sources/Storage/")
                || file.path.hasPrefix("Tests/StorageTests/")
            #expect(isTheirs, "\(file)")
        }
    }

    private func imports(of file: SourceTree.File) -> Set<String> {
        var found: Set<String> = []
        for line in file.lines {
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword <= 2 else { continue }
            let before = words[..<keyword]
            guard before.allSatisfy({ Self.modifiers.contains(String($0)) }) else { continue }
            // `import struct Module.Type` names a module too.
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "func", "protocol", "var", "let",
            ]
            let name = words[(keyword + 1)...].first { !kinds.contains($0) }
            if let module = name?.split(separator: ".").first { found.insert(String(module)) }
        }
        return found
    }

    private static let modifiers: Set = [
        "package", "public", "internal", "private", "fileprivate", "@testable", "@preconcurrency",
    ]
}
