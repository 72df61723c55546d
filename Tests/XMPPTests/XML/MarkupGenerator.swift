@testable import XMPP

/// Writes elements made by chance as markup, in every form that XML allows in a stream: prefixes
/// and defaults, both quotes, references, CDATA, white space where nobody looks.
///
/// The outermost element is in a namespace of its own; what is inside may be in any, those of
/// streams included.
struct MarkupGenerator {
    private var generator: SeededGenerator
    /// Elements that may still be written.
    private var left: Int

    init(seed: UInt64, elements: Int = 60) {
        generator = SeededGenerator(seed: seed)
        left = elements
    }

    static let foreign = ["urn:a", "urn:b:c", "http://example.org/?a=1&amp;b='2'", "urn:é"]
    static let anywhere =
        foreign + [
            "", Namespace.client, Namespace.server, Namespace.component, Namespace.streams,
            Namespace.dialback, Namespace.pubsub, Namespace.pubsubEvent,
        ]
    private static let names = ["a", "item", "été", "x-1.2_3", "stream", "message", "error"]
    private static let prefixes = ["", "p", "q", "db", "stream", "ns0"]
    private static let texts = [
        "x", " ", "\n\t ", "&lt;", "&amp;", "&gt;", "&quot;&apos;", "]]&gt;", "&#13;", "&#x1F600;",
        "é€😀𝄞", "\u{85}\u{2028}\u{7F}", "\u{FFFD}", "p:a", "&#xA;", "\r\n", "e\u{301}", "0",
    ]
    private static let literals = ["", "<a>", "&amp;", "]]", "\r\n", " ", "𝄞", "<!--", "'\""]

    /// What prefixes stand for where an element is.
    private typealias Scope = [String: String]

    /// An element for any place, with that namespace around it.
    mutating func payload(inheriting namespace: String) -> String {
        let outermost = one(of: Self.foreign + [Namespace.pubsub, Namespace.pubsubEvent])
        let depth = Int.random(in: 0...9, using: &generator)
        return element(within: ["": namespace], namespace: outermost, depth: depth)
    }

    private mutating func element(within around: Scope, namespace: String, depth: Int) -> String {
        left -= 1
        var scope = around
        var declared: [String] = []
        func declare(_ prefix: String, _ namespace: String) {
            scope[prefix] = namespace
            declared.append(prefix)
        }
        // By the default or a prefix, known or declared here.
        let known = scope.filter { $0.value == namespace }.keys.sorted()
        var prefix = known.isEmpty || chance(3) ? one(of: Self.prefixes) : one(of: known)
        if namespace.isEmpty { prefix = "" }
        if scope[prefix] ?? "" != namespace { declare(prefix, namespace) }
        for other in Self.prefixes where chance(8) && other != prefix {
            if declared.contains(other) { continue }
            // Only the default can be taken back.
            declare(other, one(of: Self.anywhere.filter { !$0.isEmpty || other.isEmpty }))
        }
        var tag = prefix.isEmpty ? one(of: Self.names) : prefix + ":" + one(of: Self.names)
        let name = tag
        for attribute in attributes(scope) { tag += space(atLeast: 1) + attribute }
        for prefix in declared {
            tag += space(atLeast: 1) + declaration(prefix, scope[prefix] ?? "")
        }
        guard depth > 0, left > 0, !chance(6) else {
            return chance(2) ? "<\(tag)\(space())/>" : "<\(tag)\(space())></\(name)\(space())>"
        }
        var content = ""
        for _ in 0..<Int.random(in: 0...5, using: &generator) {
            switch Int.random(in: 0...4, using: &generator) {
            case 0, 1:
                guard left > 0 else { continue }
                let namespace = one(of: Self.anywhere)
                content += element(within: scope, namespace: namespace, depth: depth - 1)
            case 2:
                content += "<![CDATA[" + text(Self.literals) + "]]>"
            default:
                content += text(Self.texts)
            }
        }
        return "<\(tag)\(space())>\(content)</\(name)\(space())>"
    }

    /// Attributes, no two of one name.
    private mutating func attributes(_ scope: Scope) -> [String] {
        let prefixed = scope.keys.filter { !$0.isEmpty }.sorted()
        var seen: Set<[String]> = []
        var result: [String] = []
        if chance(5) { result.append("xml:lang=" + quoted(one(of: ["de", "zh-Hant", ""]))) }
        if chance(5) { result.append("xml:space=" + quoted("preserve")) }
        let most = chance(12) ? 40 : 4
        for number in 0..<Int.random(in: 0...most, using: &generator) {
            let prefix = prefixed.isEmpty || chance(2) ? "" : one(of: prefixed)
            let name = number < 4 ? one(of: Self.names) : "n\(number)"
            guard seen.insert([prefix.isEmpty ? "" : scope[prefix] ?? "", name]).inserted else {
                continue
            }
            let values = Self.texts.map { $0.replacing("'", with: "&apos;") }
            result.append((prefix.isEmpty ? "" : prefix + ":") + name + "=" + quoted(text(values)))
        }
        return result
    }

    private mutating func declaration(_ prefix: String, _ namespace: String) -> String {
        (prefix.isEmpty ? "xmlns" : "xmlns:" + prefix)
            + space() + "=" + space() + quoted(namespace)
    }

    private mutating func quoted(_ value: String) -> String {
        !value.contains("'") && chance(2) ? "'\(value)'" : "\"\(value)\""
    }

    private mutating func text(_ parts: [String]) -> String {
        let count = Int.random(in: 0...4, using: &generator)
        return (0..<count).map { _ in one(of: parts) }.joined()
    }

    private mutating func space(atLeast count: Int = 0) -> String {
        let all = count == 0 ? ["", "", "", " ", "\n"] : [" ", " ", "\t", " \r\n "]
        return one(of: all)
    }

    private mutating func chance(_ oneIn: Int) -> Bool {
        Int.random(in: 0..<oneIn, using: &generator) == 0
    }

    private mutating func one(of all: [String]) -> String {
        all.randomElement(using: &generator) ?? ""
    }
}
