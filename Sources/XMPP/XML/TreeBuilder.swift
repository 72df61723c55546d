/// Makes events of what expat reports, and refuses what goes over the limits.
///
/// In a stream the outermost element is the header and its children are the events; in a document
/// the outermost element itself is the one event. A child of a pubsub `<item/>` is captured as
/// bytes instead of being built; where stanzas are only passed on, all of them are.
struct TreeBuilder {
    /// What the outermost element is.
    enum Root { case stream, document }

    var limits: XMLLimits
    /// Whether nobody here reads what stanzas hold.
    var passesStanzas = false
    private(set) var events: [XMLEvent] = []
    private(set) var isClosed = false
    /// How many elements are open, the stream's included.
    private(set) var depth = 0
    /// What the stream's header fixed; nil before it, and in a document.
    private(set) var context: StreamContext?

    private let root: Root
    private var scope = NamespaceScope()
    private var open: [Element] = []
    /// How many of the open elements, from the outermost, are of the stream's own content.
    private var contentDepth = 0
    /// `xml:lang` as it stands inside each open element of the stanza.
    private var languages: [String?] = []
    private var text: [UInt8] = []
    private var capture: PayloadCapture?
    /// The stanza that is only passed on, how many elements are directly inside it, and what it
    /// inherits.
    private var passing: Passing?
    /// The stream's header and its tag's bytes, while the tag is being read.
    private var header: (StreamHeader, tag: [UInt8])?
    /// Elements below the stanza so far.
    private var children = 0
    /// Bytes of the stanza's payloads so far, with what was spliced in.
    private var payloadBytes = 0
    private var written = WrittenNamespaces()
    /// Declarations of the start tag that is about to be reported.
    private var declarations = 0

    private struct Passing {
        let start: PassedStanza.Start
        let inherited: [NamespaceScope.Binding]
        var payloads = 0
    }

    init(_ root: Root, limits: XMLLimits) {
        self.root = root
        self.limits = limits
    }

    /// Depth at which the stanzas, or the document, lie.
    private var base: Int { root == .stream ? 1 : 0 }

    /// Whether a stanza, or the document, has begun and not ended.
    var isInside: Bool { depth > base }

    /// Whether the innermost open element is the stanza, or the document, itself.
    var isOutermost: Bool { depth == base + 1 }

    /// Whether the bytes of what comes are kept.
    var isCapturing: Bool { capture != nil }

    /// Whether what comes is of a stanza that is passed on.
    var isPassing: Bool { passing != nil }

    mutating func takeEvents() -> [XMLEvent] {
        defer { events = [] }
        return events
    }

    /// Stands behind a header that was read by another parser, or on another connection with an
    /// equal one.
    mutating func resume(_ context: StreamContext) {
        self.context = context
        scope = context.scope
        depth = 1
        events = []
        if text.capacity > 4096 { text = [] }
    }
}

// MARK: - Elements

extension TreeBuilder {
    mutating func declare(_ prefix: String, _ namespace: String) {
        declarations += 1
        if !isCapturing { scope.declare(prefix, namespace, depth: depth + 1) }
    }

    /// Takes a start tag, also with its name as expat reports it; true when its bytes are wanted
    /// as well.
    mutating func open(
        _ name: NameCache.Name,
        as markup: UnsafePointer<CChar>,
        _ attributes: AttributeList
    ) throws(StreamError) -> Bool {
        try enter(attributes)
        if depth == base {
            try openStream(name, attributes)
            return true
        }
        flushText()
        if let parent = open.last, Self.holdsPayload(parent) {
            capture = PayloadCapture(
                name,
                depth: depth,
                inherited: scope.inherited(at: depth),
                language: attributes.language == nil ? language : nil
            )
            return true
        }
        try count(markup, attributes)
        if passesStanzas, depth == base + 1, name.namespace == context?.namespace,
            let kind = Stanza.Kind(rawValue: name.local)
        {
            passing = Passing(
                start: PassedStanza.Start(kind, attributes),
                inherited: strange
            )
            return false
        }
        var element = Element(name.local, name.namespace, attributes: attributes.all)
        try rename(&element)
        languages.append(element.language ?? language)
        open.append(element)
        return false
    }

    /// Takes a start tag inside a payload, of which only the bytes are kept.
    mutating func openInside(_ attributes: AttributeList) throws(StreamError) {
        try enter(attributes)
    }

    /// Takes a start tag inside a stanza that is passed on: another process reads it, within limits
    /// like ours, and must not find what we would have refused.
    mutating func openPassed(
        _ name: UnsafePointer<CChar>,
        _ attributes: AttributeList
    ) throws(StreamError) {
        try enter(attributes)
        try count(name, attributes)
        if depth == base + 2 { passing?.payloads += 1 }
    }

    /// Takes an end tag, after its bytes when they are captured; `markup` is the whole stanza, for
    /// one that is passed on.
    mutating func close(_ markup: () -> [UInt8]) throws(StreamError) {
        defer { depth -= 1 }
        if let captured = capture {
            if depth == captured.depth { try finish(captured) }
            return
        }
        scope.leave(depth: depth)
        written.leave()
        if isPassing {
            if depth == base + 1 { finishPassing(markup()) }
            return
        }
        flushText()
        _ = languages.popLast()
        guard let element = open.popLast() else {
            isClosed = true
            return events.append(.closed)
        }
        if open.isEmpty {
            events.append(.element(element))
        } else {
            append(.element(element))
        }
    }

    private mutating func finishPassing(_ markup: [UInt8]) {
        guard let passing else { return }
        self.passing = nil
        let stanza = PassedStanza(
            passing.start,
            payloads: passing.payloads,
            markup: markup,
            inherited: passing.inherited
        )
        events.append(.passed(stanza))
    }

    private mutating func finish(_ captured: PayloadCapture) throws(StreamError) {
        capture = nil
        scope.leave(depth: depth)
        let payload = captured.finished()
        // What is declared on the stanza can be inherited by each of its payloads.
        payloadBytes += payload.bytes.count + (payload.language?.utf8.count ?? 0)
        guard payloadBytes <= limits.stanzaBytes else {
            throw StreamError(.policyViolation, text: "payloads too big")
        }
        append(.raw(payload))
    }

    private mutating func append(_ node: Element.Node) {
        guard !open.isEmpty else { return }
        open[open.count - 1].children.append(node)
    }

    /// Goes one element deeper, within the limits.
    private mutating func enter(_ attributes: AttributeList) throws(StreamError) {
        depth += 1
        defer { declarations = 0 }
        guard attributes.count + declarations <= limits.attributes,
            scope.bindings.count <= limits.declarations
        else { throw StreamError(.policyViolation, text: "too many attributes") }
        if depth <= base + 1 {
            children = 0
            payloadBytes = 0
            written.reset()
            return
        }
        children += 1
        guard children <= limits.children else {
            throw StreamError(.policyViolation, text: "too many elements in one stanza")
        }
        guard depth - base <= limits.depth else {
            throw StreamError(.policyViolation, text: "elements too deep")
        }
    }

    /// Holds what a tree would take as markup against the limits.
    private mutating func count(
        _ name: UnsafePointer<CChar>,
        _ attributes: AttributeList
    ) throws(StreamError) {
        written.enter(name, attributes)
        guard written.bytes <= limits.stanzaBytes, written.declarations <= limits.declarations
        else { throw StreamError(.policyViolation, text: "too many namespaces") }
    }

    /// The payload rule: what an item holds is for its subscribers, not for us (XEP-0060 §7.1).
    private static func holdsPayload(_ element: Element) -> Bool {
        element.name == "item"
            && (element.namespace == Namespace.pubsub
                || element.namespace == Namespace.pubsubEvent)
    }

    /// What a stanza inherits, and does not find on another stream between servers.
    private var strange: [NamespaceScope.Binding] {
        guard let context, !context.strange.isEmpty else { return [] }
        let own = scope.bindings.dropFirst(context.scope.bindings.count)
        return context.strange.filter { binding in !own.contains { $0.prefix == binding.prefix } }
    }

    /// In memory every stream's content is in `jabber:client`, down to where another namespace
    /// begins: what is inside of that means what it says, whatever stream it came by.
    ///
    /// What came in that name on another kind of stream must not pass for its content (RFC 6120
    /// §4.8.2).
    private mutating func rename(_ element: inout Element) throws(StreamError) {
        guard let context, context.renamesContent else { return }
        contentDepth = min(contentDepth, open.count)
        if element.namespace == context.namespace {
            guard open.count == contentDepth else { return }
            element.namespace = Namespace.client
            contentDepth += 1
        } else if open.isEmpty {
            guard element.namespace != Namespace.client else {
                throw StreamError(.invalidNamespace)
            }
            contentDepth = element.holdsContent ? 1 : 0
        }
    }

    /// `xml:lang` as it stands inside the innermost open element of the stanza.
    private var language: String? { languages.last ?? nil }
}

// MARK: - Text and bytes

extension TreeBuilder {
    /// Takes character data, decoded.
    mutating func append(text bytes: UnsafeRawBufferPointer) throws(StreamError) {
        if depth > base {
            text.append(contentsOf: bytes)
        } else if !bytes.allSatisfy(XMLWhitespace.contains) {
            // RFC 6120 §11.7: between stanzas there is whitespace and nothing else.
            throw StreamError(.badFormat, text: "text between stanzas")
        }
    }

    /// Takes the start of a CDATA section: no place for one between stanzas, and a parser must not
    /// go back to its pool from inside it.
    func openLiteral() throws(StreamError) {
        if depth <= base { throw StreamError(.badFormat, text: "text between stanzas") }
    }

    /// Takes bytes as they came, of whatever was asked for.
    mutating func append(markup bytes: UnsafeRawBufferPointer) {
        if capture != nil {
            capture?.append(bytes)
        } else {
            header?.tag.append(contentsOf: bytes)
        }
    }

    private mutating func flushText() {
        guard !text.isEmpty else { return }
        append(.text(String(decoding: text, as: UTF8.self)))
        text.removeAll(keepingCapacity: true)
    }
}

// MARK: - The stream's header

extension TreeBuilder {
    private mutating func openStream(
        _ name: NameCache.Name,
        _ attributes: AttributeList
    ) throws(StreamError) {
        guard name.namespace == Namespace.streams else { throw StreamError(.invalidNamespace) }
        guard name.local == "stream" else { throw StreamError(.badFormat) }
        var header = StreamHeader(namespace: scope.defaultNamespace, version: nil)
        for attribute in attributes.all where attribute.namespace.isEmpty {
            switch attribute.name {
            case "to": header.to = attribute.value
            case "from": header.from = attribute.value
            case "id": header.id = attribute.value
            case "version": header.version = attribute.value
            default: break
            }
        }
        header.language = attributes.language
        header.declaresDialback = scope.bindings.contains { $0.namespace == Namespace.dialback }
        self.header = (header, [])
    }

    /// Says that the bytes of the start tag are complete.
    mutating func finishTag() {
        guard let (header, tag) = header else { return }
        self.header = nil
        context = StreamContext(header, tag: tag, scope: scope)
        events.append(.opened(header))
    }
}

/// What XML counts as white.
enum XMLWhitespace {
    static func contains(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}

extension Element {
    /// Whether a child of the stream that is in another namespace has the stream's content inside:
    /// the error of dialback (XEP-0220 §2.4).
    var holdsContent: Bool { namespace == Namespace.dialback }

    /// `xml:lang` of this element itself.
    fileprivate var language: String? {
        for attribute in attributes where attribute.name == "lang" {
            if attribute.namespace == Namespace.xml { return attribute.value }
        }
        return nil
    }
}
