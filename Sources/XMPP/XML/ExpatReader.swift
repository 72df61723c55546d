import CExpat

/// One expat parser and the builder that it feeds; borrowed by a stream that is in the middle of
/// something.
///
/// Never reset: expat keeps every name and buffer that it has grown through a reset, so a reader
/// that has seen enough is thrown away instead.
final class ExpatReader {
    /// Bytes after which a reader is thrown away at the next pause: what a peer can make expat
    /// remember (names, some 20 bytes of memory a byte sent) stays below about a megabyte, and
    /// making another costs as much as parsing two stanzas.
    static let bytesUntilWorn = 64 * 1024
    /// Bytes fed to expat at a time, so that its buffer stays small.
    static let sliceBytes = 4096
    /// Bytes of one token after which expat's buffer is too big to keep.
    static let longestToken = 16 * 1024

    private(set) var builder: TreeBuilder

    private let parser: XML_Parser
    private let names: NameCache
    private var failure: StreamError?
    /// Bytes fed since the parser was made, the primer included.
    private(set) var fed = 0
    /// Where the stanza that is being read starts.
    private var stanzaStart = 0
    /// Bytes that may still be wanted, up to where `slice` begins.
    ///
    /// They are of a stanza that is passed on, or of a token that is not whole.
    private var tail: [UInt8] = []
    /// What expat is at, while it is.
    private var slice: UnsafeRawBufferPointer?
    private var isStretched = false

    /// Makes a parser that stands before a stream's header, or before a document.
    ///
    /// - Throws: `resource-constraint` when there is no memory.
    init(_ root: TreeBuilder.Root, names: NameCache, limits: XMLLimits) throws(StreamError) {
        // The encoding is given, so that nothing in the document can change it.
        guard let parser = XML_ParserCreateNS("UTF-8", CChar(NameCache.separator)) else {
            throw StreamError(.resourceConstraint)
        }
        self.parser = parser
        self.names = names
        builder = TreeBuilder(root, limits: limits)
        lapwing_expat_disable_deferral(parser)
        setHandlers()
    }

    deinit {
        XML_ParserFree(parser)
    }

    /// The primer after which this parser stands; nil before the header.
    var primer: [UInt8]? { builder.context?.primer }

    /// Whether expat stands between two children of the stream, with no part of a token held back.
    var isAtRest: Bool {
        builder.context != nil && builder.depth == 1
            && Int(XML_GetCurrentByteIndex(parser)) == fed
    }

    /// Whether this reader has become too big to be kept.
    var isWorn: Bool { fed >= Self.bytesUntilWorn || isStretched }

    var limits: XMLLimits {
        get { builder.limits }
        set { builder.limits = newValue }
    }

    var passesStanzas: Bool {
        get { builder.passesStanzas }
        set { builder.passesStanzas = newValue }
    }

    func takeEvents() -> [XMLEvent] { builder.takeEvents() }

    /// Makes a fresh parser stand behind the header of `context`.
    func prime(_ context: StreamContext) throws(StreamError) {
        try feed(context.primer)
        builder.resume(context)
    }

    /// Goes on for another stream whose header has the same primer.
    func resume(_ context: StreamContext) {
        builder.resume(context)
    }
}

// MARK: - Feeding

extension ExpatReader {
    /// Parses the bytes that come next; the events are in the builder, also when this throws.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        var offset = 0
        while offset < bytes.count, !builder.isClosed {
            let end = min(offset + Self.sliceBytes, bytes.count)
            try parse(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
            offset = end
        }
    }

    private func feed(_ bytes: [UInt8]) throws(StreamError) {
        let result = bytes.withUnsafeBytes { (bytes) -> Result<Void, StreamError> in
            do throws(StreamError) {
                return .success(try feed(bytes))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Says that a document has ended.
    func finish() throws(StreamError) {
        guard XML_Parse(parser, nil, 0, 1) == XML_STATUS_OK else { throw currentError }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        fed += bytes.count
        slice = bytes
        defer { slice = nil }
        let start = bytes.bindMemory(to: CChar.self).baseAddress
        let status = XML_Parse(parser, start, Int32(truncatingIfNeeded: bytes.count), 0)
        // What came behind the end tag is nobody's.
        if builder.isClosed { return }
        // Expat may report success after it was told to stop.
        guard status == XML_STATUS_OK, failure == nil else { throw currentError }
        let held = fed - Int(XML_GetCurrentByteIndex(parser))
        if passesStanzas { keep(builder.isPassing ? fed - stanzaStart : held) }
        if held >= Self.longestToken { isStretched = true }
        // Inside a stanza it is the stanza that counts; outside, the start tag that is not whole
        // yet. Before a stream's header, all that came.
        let size =
            builder.isInside ? fed - stanzaStart : builder.context == nil ? fed : held
        try check(size)
    }

    /// Keeps the last bytes of what was read.
    private func keep(_ count: Int) {
        guard let slice, count > 0 else { return tail = [] }
        if count <= slice.count {
            tail = Array(slice.suffix(count))
        } else {
            tail.removeFirst(max(tail.count + slice.count - count, 0))
            tail.append(contentsOf: slice)
        }
    }

    /// What was read from `start` to `end`, as far as it was kept.
    private func markup(from start: Int, to end: Int) -> [UInt8] {
        guard let slice else { return [] }
        let sliceStart = fed - slice.count
        let after = min(max(end - sliceStart, 0), slice.count)
        guard start < sliceStart else {
            return Array(slice[min(start - sliceStart, after)..<after])
        }
        var markup = Array(tail.suffix(sliceStart - start))
        markup += slice[..<after]
        return markup
    }

    private func check(_ size: Int) throws(StreamError) {
        guard size <= limits.stanzaBytes else {
            throw StreamError(.policyViolation, text: "stanza too big")
        }
    }

    private var currentError: StreamError {
        failure ?? StreamError(expat: XML_GetErrorCode(parser))
    }
}

// MARK: - What expat reports

extension ExpatReader {
    fileprivate func opened(
        _ name: UnsafePointer<CChar>,
        _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    ) {
        attempt { () throws(StreamError) in
            let attributes = AttributeList(attributes, names: names)
            if builder.isPassing { return try builder.openPassed(name, attributes) }
            if builder.isCapturing {
                try builder.openInside(attributes)
                return XML_DefaultCurrent(parser)
            }
            let wantsMarkup = try builder.open(names.name(name), as: name, attributes)
            if wantsMarkup {
                XML_DefaultCurrent(parser)
                builder.finishTag()
            }
            let start = Int(XML_GetCurrentByteIndex(parser))
            if builder.isInside {
                if builder.isOutermost { stanzaStart = start }
            } else {
                try check(start + Int(XML_GetCurrentByteCount(parser)))
            }
        }
    }

    fileprivate func closed() {
        attempt { () throws(StreamError) in
            var end = 0
            if builder.isOutermost {
                end = XML_GetCurrentByteIndex(parser) + Int(XML_GetCurrentByteCount(parser))
                try check(end - stanzaStart)
            }
            if builder.isCapturing { XML_DefaultCurrent(parser) }
            try builder.close { markup(from: stanzaStart, to: end) }
        }
    }

    fileprivate func text(_ bytes: UnsafeRawBufferPointer) {
        // Of a stanza that is passed on, the markup is kept as a whole.
        if builder.isPassing { return }
        attempt { () throws(StreamError) in
            if builder.isCapturing {
                XML_DefaultCurrent(parser)
            } else {
                try builder.append(text: bytes)
            }
        }
    }

    fileprivate func literal() {
        attempt { () throws(StreamError) in
            try builder.openLiteral()
            if builder.isCapturing { XML_DefaultCurrent(parser) }
        }
    }

    fileprivate func markup(_ bytes: UnsafeRawBufferPointer) {
        if failure == nil { builder.append(markup: bytes) }
    }

    fileprivate func declared(_ prefix: UnsafePointer<CChar>?, _ namespace: UnsafePointer<CChar>?) {
        builder.declare(prefix.map(names.text) ?? "", namespace.map(names.text) ?? "")
    }

    /// RFC 6120 §11.5 and §11.6: the only version is 1.0, the only encoding UTF-8.
    fileprivate func declaredXML(version: String?, encoding: String?) {
        if let version, version != "1.0" { fail(StreamError(.notWellFormed)) }
        if let encoding, encoding.uppercased() != "UTF-8" {
            fail(StreamError(.unsupportedEncoding))
        }
    }

    fileprivate func fail(_ error: StreamError) {
        guard failure == nil else { return }
        failure = error
        XML_StopParser(parser, 0)
    }

    private func attempt(_ body: () throws(StreamError) -> Void) {
        // Expat may report an end tag after it was told to stop.
        guard failure == nil else { return }
        do throws(StreamError) {
            try body()
        } catch {
            fail(error)
        }
    }

    private func setHandlers() {
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser,
            { user, name, attributes in
                if let name { reader(user)?.opened(name, attributes) }
            },
            { user, _ in reader(user)?.closed() }
        )
        XML_SetCharacterDataHandler(parser) { user, text, count in
            reader(user)?.text(UnsafeRawBufferPointer(start: text, count: Int(count)))
        }
        XML_SetDefaultHandler(parser) { user, text, count in
            reader(user)?.markup(UnsafeRawBufferPointer(start: text, count: Int(count)))
        }
        XML_SetStartNamespaceDeclHandler(parser) { user, prefix, namespace in
            reader(user)?.declared(prefix, namespace)
        }
        XML_SetStartCdataSectionHandler(parser) { user in reader(user)?.literal() }
        XML_SetXmlDeclHandler(parser) { user, version, encoding, _ in
            reader(user)?.declaredXML(
                version: version.map { String(cString: $0) },
                encoding: encoding.map { String(cString: $0) }
            )
        }
        // RFC 6120 §11.1: none of these in a stream.
        XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in
            reader(user)?.fail(StreamError(.restrictedXML))
        }
        XML_SetCommentHandler(parser) { user, _ in
            reader(user)?.fail(StreamError(.restrictedXML))
        }
        XML_SetProcessingInstructionHandler(parser) { user, _, _ in
            reader(user)?.fail(StreamError(.restrictedXML))
        }
    }
}

/// The reader that a callback is for: alive, because it is the one that called expat.
private func reader(_ user: UnsafeMutableRawPointer?) -> ExpatReader? {
    user.map { Unmanaged<ExpatReader>.fromOpaque($0).takeUnretainedValue() }
}

extension StreamError {
    /// What expat found wrong, in the terms of RFC 6120 §4.9.3.
    fileprivate init(expat code: XML_Error) {
        switch code {
        case XML_ERROR_UNBOUND_PREFIX, XML_ERROR_UNDECLARING_PREFIX,
            XML_ERROR_RESERVED_PREFIX_XML, XML_ERROR_RESERVED_PREFIX_XMLNS,
            XML_ERROR_RESERVED_NAMESPACE_URI:
            self.init(.badNamespacePrefix)
        case XML_ERROR_UNDEFINED_ENTITY: self.init(.restrictedXML)
        case XML_ERROR_UNKNOWN_ENCODING, XML_ERROR_INCORRECT_ENCODING:
            self.init(.unsupportedEncoding)
        case XML_ERROR_NO_MEMORY: self.init(.resourceConstraint)
        default: self.init(.notWellFormed)
        }
    }
}
