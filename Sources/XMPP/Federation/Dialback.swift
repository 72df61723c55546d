/// What a receiving server asks the authoritative one: whether it made a key (XEP-0220 §2.1.2).
///
/// The four fields together say which request it belongs to; an answer counts for that one only.
package struct DialbackQuestion: Sendable, Hashable {
    /// Ours, which receives, and the peer's, which has to be proven.
    package let pair: DomainPair
    /// The id of our response header on the stream that the key came by.
    package let streamID: String
    package let key: String

    package init(pair: DomainPair, streamID: String, key: String) {
        self.pair = pair
        self.streamID = streamID
        self.key = key
    }
}

/// What came of a ``DialbackQuestion``.
package enum DialbackVerdict: Sendable, Hashable {
    /// The authoritative server made the key.
    case valid
    /// It did not: somebody speaks in a name that is not theirs, or has another secret.
    case invalid
    /// There is no such server, it could not be reached, or it answered with an error.
    case notFound
    /// It did not answer in time, or the stream to it broke.
    case timedOut
}

/// A `<db:result/>` or `<db:verify/>` (XEP-0220 §2).
struct DialbackMessage: Equatable {
    enum Kind: String {
        /// Between the initiating and the receiving server.
        case result
        /// Between the receiving and the authoritative server.
        case verify
    }

    enum Content: Equatable {
        /// A request: no `type`.
        case key(String)
        case valid
        case invalid
        case error(StanzaError)
    }

    var kind: Kind
    var from: String
    var to: String
    /// Of the stream in question; nil for a result.
    var streamID: String?
    var content: Content

    /// Bytes of the longest key that is read: ours have 64, other ways to make one no more than a
    /// few hundred.
    static let keyBytesMax = 512
    /// Bytes of the longest stream id that is taken, for the same reason.
    static let streamIDBytesMax = 256

    init(_ kind: Kind, from: String, to: String, streamID: String? = nil, _ content: Content) {
        self.kind = kind
        self.from = from
        self.to = to
        self.streamID = streamID
        self.content = content
    }

    /// Nil when the element is none of the two.
    ///
    /// - Throws: `improper-addressing` where the domains are not there, `bad-format` where the rest
    ///   is not.
    init?(_ element: Element) throws(StreamError) {
        guard element.namespace == Namespace.dialback, let kind = Kind(rawValue: element.name)
        else { return nil }
        guard let from = JID.domain(named: element["from"]),
            let to = JID.domain(named: element["to"])
        else { throw StreamError(.improperAddressing) }
        let streamID = kind == .verify ? element["id"] : nil
        if kind == .verify {
            guard let streamID, Self.isStreamID(streamID) else { throw StreamError(.badFormat) }
        }
        self.init(kind, from: from, to: to, streamID: streamID, try Self.content(of: element))
    }

    static func isStreamID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= streamIDBytesMax
    }

    private static func content(of element: Element) throws(StreamError) -> Content {
        switch element["type"] {
        case nil:
            // Printed keys come with white space around them (XEP-0220 §2.1.1).
            let text = element.text.utf8
            let key = text.drop(while: XMLWhitespace.contains)
            let end = key.lastIndex { !XMLWhitespace.contains($0) }
            guard let end, text.count <= keyBytesMax else { throw StreamError(.badFormat) }
            return .key(String(key[...end]) ?? "")
        case "valid": return .valid
        case "invalid": return .invalid
        case "error":
            guard let error = element.elements.first(where: { $0.name == "error" }) else {
                return .error(StanzaError(.undefinedCondition))
            }
            return .error(StanzaError(reading: error))
        default: throw StreamError(.badFormat)
        }
    }

    /// The answer to this one, addressed back.
    func answer(_ content: Content) -> DialbackMessage {
        DialbackMessage(kind, from: to, to: from, streamID: streamID, content)
    }

    /// As it is sent.
    var element: Element {
        var element = Element(kind.rawValue, Namespace.dialback)
        element["from"] = from
        element["to"] = to
        if let streamID { element["id"] = streamID }
        switch content {
        case .key(let key): element.children = [.text(key)]
        case .valid: element["type"] = "valid"
        case .invalid: element["type"] = "invalid"
        case .error(let error):
            element["type"] = "error"
            element.append(error.element)
        }
        return element
    }
}

extension Element {
    /// Says that dialback's errors are understood, and so that a stream may carry many pairs
    /// (XEP-0220 §2.3.2).
    static let dialbackFeature = Element(
        "dialback",
        "urn:xmpp:features:dialback",
        [Element("errors", "urn:xmpp:features:dialback")]
    )
    /// Offers to send stanzas both ways (XEP-0288 §2.1).
    static let bidirectionalFeature = Element("bidi", "urn:xmpp:features:bidi")
    /// Takes the offer (XEP-0288 §2.2).
    static let bidirectional = Element("bidi", "urn:xmpp:bidi")
    /// Offers acknowledgements (XEP-0198 §2).
    static let streamManagementFeature = Element("sm", Namespace.streamManagement)
}
