package import XMPP

/// What the two ends of a link say to each other beside stanzas, once both are authenticated.
///
/// `edge` is the end towards other servers or components, `router` the end with the accounts.
package enum LinkMessage: Sendable, Equatable {
    /// The first word of either, the edge's first: which session it holds, and how far it has
    /// read.
    case state(LinkState)
    /// The edge has read the router's state: both hold the same session now.
    case started
    /// The router has taken responsibility for so many stanzas and reports of the session.
    case read(UInt64)
    /// What became of the router's stanzas.
    case fates(LinkFates)
    /// These of the router's stanzas go back to their senders with that error.
    case returned(LinkRanges, StanzaError)
}

/// How far an end is in a session.
package struct LinkState: Sendable, Equatable {
    /// The router's number for the session; nil where the edge holds none with this router.
    package var session: UInt64?
    /// Stanzas and reports of the other end that were read in it.
    package var read: UInt64
    /// Stanzas that the router has given back to their senders meanwhile: they must not be
    /// written.
    package var withdrawn: LinkRanges

    package init(session: UInt64?, read: UInt64 = 0, withdrawn: LinkRanges = LinkRanges()) {
        self.session = session
        self.read = read
        self.withdrawn = withdrawn
    }
}

/// What became of the router's stanzas, by their numbers in the session.
package struct LinkFates: Sendable, Equatable {
    /// They will be written to a peer as soon as the router has read this, and not before: so a
    /// process that is killed has written nothing that it had not declared.
    package var written: LinkRanges
    /// They have arrived, or need not.
    package var settled: LinkRanges
    /// They were written, and nobody knows whether they have arrived.
    package var unknown: LinkRanges
    /// They were declared as written earlier, and will not be: the process stops, and they are for
    /// the next.
    package var unwritten: LinkRanges

    package init(
        written: LinkRanges = LinkRanges(),
        settled: LinkRanges = LinkRanges(),
        unknown: LinkRanges = LinkRanges(),
        unwritten: LinkRanges = LinkRanges()
    ) {
        self.written = written
        self.settled = settled
        self.unknown = unknown
        self.unwritten = unwritten
    }
}

// MARK: - The wire

extension LinkMessage {
    /// The namespace of everything that is said about a link.
    package static let namespace = "urn:lapwing:link:0"

    package var element: Element {
        switch self {
        case .state(let state):
            var element = Self.element("state")
            element["session"] = state.session.map(String.init)
            element["read"] = state.read == 0 ? nil : String(state.read)
            element["withdrawn"] = Self.text(state.withdrawn)
            return element
        case .started: return Self.element("started")
        case .read(let count):
            var element = Self.element("read")
            element["count"] = String(count)
            return element
        case .fates(let fates):
            var element = Self.element("fates")
            element["written"] = Self.text(fates.written)
            element["settled"] = Self.text(fates.settled)
            element["unknown"] = Self.text(fates.unknown)
            element["unwritten"] = Self.text(fates.unwritten)
            return element
        case .returned(let stanzas, let error):
            var element = Self.element("returned")
            element["stanzas"] = stanzas.text
            element.append(error.element)
            return element
        }
    }

    static func element(_ name: String) -> Element { Element(name, namespace) }

    private static func text(_ ranges: LinkRanges) -> String? {
        ranges.isEmpty ? nil : ranges.text
    }

    /// Reads an element of our namespace.
    package init(_ element: Element) throws(StreamError) {
        switch element.name {
        case "state":
            self = .state(
                LinkState(
                    session: try Self.number(element, "session"),
                    read: try Self.number(element, "read") ?? 0,
                    withdrawn: try Self.ranges(element, "withdrawn")
                )
            )
        case "started": self = .started
        case "read":
            guard let count = try Self.number(element, "count") else { throw Self.malformed }
            self = .read(count)
        case "fates":
            self = .fates(
                LinkFates(
                    written: try Self.ranges(element, "written"),
                    settled: try Self.ranges(element, "settled"),
                    unknown: try Self.ranges(element, "unknown"),
                    unwritten: try Self.ranges(element, "unwritten")
                )
            )
        case "returned":
            guard let error = element.child("error", Namespace.client) else { throw Self.malformed }
            self = .returned(try Self.ranges(element, "stanzas"), Self.error(error))
        default: throw StreamError(.unsupportedStanzaType)
        }
    }

    private static let malformed = StreamError(.badFormat, text: "a malformed report of the link")

    /// Unicode scalars of the longest text that an error has: it says what a domain's server did.
    package static let errorTextMax = 1000

    /// The error, with no more than it needs: it goes to the sender of every stanza of a report,
    /// and would so fill the queues of many users at once.
    private static func error(_ element: Element) -> StanzaError {
        let read = StanzaError(reading: element)
        let text = read.text.map { String($0.unicodeScalars.prefix(errorTextMax)) }
        return StanzaError(read.condition, read.kind, text: text)
    }

    private static func number(
        _ element: Element,
        _ name: String
    ) throws(StreamError) -> UInt64? {
        guard let text = element[name] else { return nil }
        guard let number = UInt64(linkDigits: text[...].utf8) else { throw malformed }
        return number
    }

    private static func ranges(
        _ element: Element,
        _ name: String
    ) throws(StreamError) -> LinkRanges {
        guard let ranges = LinkRanges(element[name] ?? "") else { throw malformed }
        return ranges
    }
}
