import Foundation
import Testing
import XMPP

@testable import Modules

// docs/xep-0060.md: what there is of XEP-0060, and what proves it.
@Suite struct CoverageTests {
    private static let kinds: [PubSubService.Profile.Kind] = [.personal, .shared, .fleet]
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func namesTestsOfEveryFeature() {
        let features = Set(Self.kinds.flatMap { PubSubFeatures.of($0) }.map(Self.short))
        #expect(features.symmetricDifference(Coverage.features.keys).isEmpty)
    }

    @Test func namesTestsOfEveryFieldAndOption() {
        let fields = Set(NodeConfiguration.table.fields.map(\.name))
        #expect(fields.symmetricDifference(Coverage.fields.keys).isEmpty)
        let options = Set(SubscriptionOptions.table.fields.map(\.name))
        #expect(options.symmetricDifference(Coverage.options.keys).isEmpty)
    }

    // The literals of the sources that are conditions of XEP-0060's schema of errors.
    @Test func namesTestsOfEveryError() throws {
        let named = Set(Coverage.errors.map(\.name))
        let known = named.union(Coverage.unusedErrors.map(\.0))
        let text = try Self.text(below: "Sources/Modules")
        let used = known.filter { text.contains("\"\($0)\"") }
        #expect(used.symmetricDifference(named).isEmpty)
        for match in text.matches(of: /\.pubsub\(\s*\.\w+,\s*"([a-z-]+)"/) {
            #expect(named.contains(String(match.output.1)))
        }
    }

    @Test func namesTestsThatThereAre() throws {
        let names = Set(
            try Self.text(below: "Tests").split(separator: "\n").compactMap { line in
                line.range(of: "func ").map { line[$0.upperBound...].prefix { $0 != "(" } }
            }
        )
        var all: [String] = []
        for tests in [Coverage.features, Coverage.fields, Coverage.options].flatMap(\.values) {
            #expect(!tests.isEmpty)
            all += tests
        }
        for error in Coverage.errors { all += error.tests }
        for rule in Coverage.rules { all += rule.tests }
        for name in Set(all).sorted() {
            #expect(names.contains(name[...]), "there is no test \(name)")
        }
    }

    // LAPWING_WRITE_DOCUMENTS=1 swift test --filter CoverageTests writes it.
    @Test func isWhatTheDocumentSays() throws {
        let document = Self.root.appending(path: "docs/xep-0060.md")
        if ProcessInfo.processInfo.environment["LAPWING_WRITE_DOCUMENTS"] != nil {
            try Self.markdown.write(to: document, atomically: true, encoding: .utf8)
        }
        let isSame = try String(contentsOf: document, encoding: .utf8) == Self.markdown
        #expect(isSame, "docs/xep-0060.md: run `make documents`")
    }

    // MARK: The document

    private static var markdown: String {
        var lines = ["# XEP-0060: what there is, and what proves it", ""]
        lines.append(
            "Made from the code and from `Tests/ModulesTests/PubSub/Coverage` by "
                + "`make documents`; a test holds it against both."
        )
        lines.append("")
        for part in [features, fields, options, errors, rules] { lines += part }
        return lines.joined(separator: "\n") + "\n"
    }

    private static var features: [String] {
        let known = kinds.map { Set(PubSubFeatures.of($0).map(short)) }
        return table(
            "Features",
            ["feature", "accounts", "service", "fleet", "tests"],
            Coverage.features.sorted { $0.key < $1.key }.map { name, tests in
                [code(name)] + known.map { $0.contains(name) ? "yes" : "" } + [list(tests)]
            }
        )
    }

    private static var fields: [String] {
        table(
            "Configuration of nodes",
            ["field", "what it says", "on accounts", "on the service", "tests"],
            NodeConfiguration.table.fields.map { field in
                [
                    code(field.name), field.label, shown(field.read(.pep)),
                    shown(field.read(.shared)), list(Coverage.fields[field.name] ?? []),
                ]
            }
        )
    }

    private static var options: [String] {
        table(
            "Options of subscriptions",
            ["field", "what it says", "unless set", "tests"],
            SubscriptionOptions.table.fields.map { field in
                [
                    code(field.name), field.label, shown(field.read(SubscriptionOptions())),
                    list(Coverage.options[field.name] ?? []),
                ]
            }
        )
    }

    private static var errors: [String] {
        table(
            "Errors",
            ["condition", "with", "tests"],
            Coverage.errors.map { [code($0.name), $0.conditions, list($0.tests)] }
        ) + Coverage.unusedErrors.map { "\(code($0.0)) is not used: \($0.1).\n" }
    }

    private static var rules: [String] {
        Array(
            table(
                "Rules that are easily missed",
                ["section", "rule", "tests"],
                Coverage.rules.map { [$0.section, $0.text, list($0.tests)] }
            ).dropLast()
        )
    }

    private static func table(
        _ title: String,
        _ columns: [String],
        _ rows: [[String]]
    ) -> [String] {
        let head = ["## \(title)", "", line(columns), line(columns.map { _ in "---" })]
        return head + rows.map(line) + [""]
    }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.joined(separator: " | ") + " |"
    }

    private static func code(_ text: String) -> String { "`\(text)`" }

    private static func list(_ tests: [String]) -> String {
        tests.map(code).joined(separator: ", ")
    }

    private static func shown(_ values: [String]) -> String {
        values.filter { !$0.isEmpty }.map(code).joined(separator: ", ")
    }

    private static func short(_ feature: String) -> String {
        feature.hasPrefix(Namespace.pubsub + "#")
            ? String(feature.dropFirst(Namespace.pubsub.count)) : feature
    }

    /// The text of all Swift files in a folder.
    private static func text(below folder: String) throws -> String {
        let folder = root.appending(path: folder)
        let files = FileManager.default.enumerator(atPath: folder.path())
        let paths = (files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
        return try paths.sorted().map { path in
            try String(contentsOf: folder.appending(path: path), encoding: .utf8)
        }.joined(separator: "\n")
    }
}
