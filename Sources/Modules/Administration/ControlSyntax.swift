package import XMPP

/// How requests and replies look on the control socket, one of each a connection.
///
/// Each is one element, ended by a zero byte, which XML has no way to carry.
package enum ControlSyntax {
    package static let namespace = "urn:lapwing:control:1"
    /// A request is an address and a few keys.
    package static let requestLimits = XMLLimits(stanzaBytes: 16 * 1024, depth: 5, children: 20)
    /// A reply may list every account of a large server.
    package static let replyLimits = XMLLimits(
        stanzaBytes: 64 << 20,
        depth: 5,
        children: 1_000_000
    )

    /// An element that is no request or reply of this version.
    package struct Mismatch: Error, Hashable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// The bytes of an element with the zero behind it.
    package static func framed(_ element: Element) -> [UInt8] {
        element.serialized() + [0]
    }

    static func element(
        _ name: String,
        _ attributes: KeyValuePairs<String, String?> = [:],
        _ children: [Element] = []
    ) -> Element {
        let present = attributes.compactMap { name, value in
            value.map { Element.Attribute(name, $0) }
        }
        return Element(name, namespace, attributes: present, children)
    }
}

extension Element {
    func required(_ name: String) throws(ControlSyntax.Mismatch) -> String {
        guard let value = self[name] else {
            throw ControlSyntax.Mismatch("<\(self.name)/> lacks \(name)")
        }
        return value
    }

    func number(_ name: String) throws(ControlSyntax.Mismatch) -> Int {
        guard let value = Int(try required(name)) else {
            throw ControlSyntax.Mismatch("\(name) of <\(self.name)/> is not a number")
        }
        return value
    }

    func address(_ name: String = "jid") throws(ControlSyntax.Mismatch) -> JID {
        guard let jid = try? JID(try required(name)) else {
            throw ControlSyntax.Mismatch("\(name) of <\(self.name)/> is not an address")
        }
        return jid
    }

    func bytes(_ name: String) throws(ControlSyntax.Mismatch) -> [UInt8] {
        guard let bytes = Base64.decode(try required(name)) else {
            throw ControlSyntax.Mismatch("\(name) of <\(self.name)/> is not base64")
        }
        return bytes
    }
}
