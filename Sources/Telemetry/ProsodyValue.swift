package import XMPP

/// The payload of Prosody's own demonstration of monitoring by PEP: one named number.
package struct ProsodyValue: Sendable, Hashable {
    package var name: String
    package var level: Level?
    package var number: Double

    package static let namespace = "http://prosody.im/protocol/monitor"
    /// The only node that the demonstration had.
    package static let loadNode = namespace + "#load"

    package init(name: String, level: Level? = nil, number: Double) {
        self.name = name
        self.level = level
        self.number = number
    }

    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("value", Self.namespace) else { throw .unexpected(element.name) }
        name = try element.boundedName("name")
        level = element["level"].flatMap(Level.init(rawValue:))
        guard let number = Number.parse(element.text.trimmingXMLSpace) else {
            throw .malformed("value")
        }
        self.number = number
    }

    package var element: Element {
        var element = Element("value", Self.namespace, text: Number.text(number))
        element["name"] = name
        element["level"] = level?.rawValue
        return element
    }
}
