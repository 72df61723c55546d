/// A name that stands for many nodes, those to come too: a level that is `*` is any one, a last
/// level that is `#` is any number of them (docs/protocol.md, wildcards).
struct NodePattern: Sendable, Hashable {
    /// Levels of a pattern; hosts and groups need two.
    static let levelsMaximum = 16

    let levels: [String]

    /// Whether a level of this name would stand for others.
    static func isWildcard(_ level: String) -> Bool { level == "*" || level == "#" }

    /// Nil where the name has no wildcard, or too many levels.
    init?(_ name: String) {
        let levels = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard levels.count <= Self.levelsMaximum, levels.contains("*") || levels.last == "#"
        else { return nil }
        self.levels = levels
    }

    /// Whether the node's name fits.
    func matches(_ name: String) -> Bool {
        // Bytes, not characters: ten thousand names are looked at when a subscription begins.
        var rest = name.utf8[...]
        for (index, level) in levels.enumerated() {
            if level == "#", index == levels.count - 1 { return true }
            let part = rest.prefix { $0 != UInt8(ascii: "/") }
            guard level == "*" || part.elementsEqual(level.utf8) else { return false }
            let isLast = index == levels.count - 1
            guard part.endIndex < rest.endIndex else { return isLast }
            guard !isLast else { return false }
            rest = rest[rest.index(after: part.endIndex)...]
        }
        return false
    }
}
