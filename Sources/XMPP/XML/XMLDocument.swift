extension Element {
    /// Reads a whole document: for what comes framed (a WebSocket message, a stored payload).
    ///
    /// The same is refused as in a stream, and the children of pubsub items stay bytes as there.
    package init(
        parsing bytes: [UInt8],
        limits: XMLLimits = .server
    ) throws(StreamError) {
        let result = bytes.withUnsafeBytes { (bytes) -> Result<Element, StreamError> in
            do throws(StreamError) {
                return .success(try Self.parse(bytes, limits))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer,
        _ limits: XMLLimits
    ) throws(StreamError) -> Element {
        try XMLProlog.check(bytes)
        let names = NameCache(slots: NameCache.documentSlots)
        let reader = try ExpatReader(.document, names: names, limits: limits)
        try reader.feed(bytes)
        try reader.finish()
        for case .element(let element) in reader.takeEvents() { return element }
        throw StreamError(.notWellFormed)
    }
}

extension RawElement {
    /// The element as a tree.
    package func parsed(limits: XMLLimits = .server) throws(StreamError) -> Element {
        try Element(parsing: bytes, limits: limits)
    }
}
