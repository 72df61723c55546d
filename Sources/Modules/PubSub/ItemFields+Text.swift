import Filter
import Telemetry
import XMPP

extension ItemFields {
    /// Characters of a text for people: what a phone shows of a message, and some more.
    private static let textMaximum = 500

    /// What the item says, for people (XEP-0060 §12.7): the words of an Atom entry or of alerts,
    /// else where it is from and how bad it is.
    var text: String {
        var parts = [[hostName, group ?? node].compactMap { $0 }.joined(separator: " ")]
        if let level { parts[0] += " (\(level))" }
        parts += words
        return String(parts.joined(separator: ": ").prefix(Self.textMaximum))
    }

    private var words: [String] {
        guard let root else { return id.map { [$0] } ?? [] }
        if root.matches("alerts", Namespace.lapwing) {
            let summaries = root.elements.filter { $0.name == "alert" }
                .compactMap { $0.child("summary")?.text }
            return [summaries.isEmpty ? "no open alerts" : summaries.joined(separator: "; ")]
        }
        // RFC 4287 §4.2: an entry has a title, and may have a summary; our alerts have one.
        let words = ["title", "summary"].compactMap { root.child($0)?.text }
        if !words.isEmpty { return words }
        if root.matches("sample", Namespace.lapwing) {
            let values = root.elements.filter { $0.name == "v" && $0["unknown"] == nil }
            return [values.map { "\($0["n"] ?? "") \($0.text)" }.joined(separator: ", ")]
        }
        return root.text.isEmpty ? id.map { [$0] } ?? [] : [root.text]
    }
}
