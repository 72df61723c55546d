import CExpat

/// A payload whose bytes are kept while they come in.
///
/// The payload must mean the same wherever it is put later. Its root therefore takes over, where it
/// lacks them: the default namespace, always; and each inherited prefix that the payload's bytes
/// mention at all, since prefixes also stand in attribute values and text, where only the
/// application sees them. A prefix that is mentioned nowhere cannot be used, so the stream's own
/// `stream` stays out. A character reference could spell a prefix: where there is one, all are
/// taken over. Its language is kept beside it (``RawElement/language``).
struct PayloadCapture: Sendable {
    let name: String
    let namespace: String
    /// How many elements are open inside its root, the root included.
    let depth: Int
    private let inherited: [NamespaceScope.Binding]
    /// The language that the root inherits within its stanza; nil where it has its own.
    private let language: String?
    private var markup: [UInt8] = []

    init(
        _ name: NameCache.Name,
        depth: Int,
        inherited: [NamespaceScope.Binding],
        language: String?
    ) {
        self.name = name.local
        namespace = name.namespace
        self.depth = depth
        self.inherited = inherited
        self.language = language
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        markup.append(contentsOf: bytes)
    }

    /// The payload with what it inherited spliced in behind the name in its start tag.
    func finished() -> RawElement {
        RawElement(
            name: name,
            namespace: namespace,
            bytes: XMLStartTag.declaring(inherited, in: markup),
            language: language
        )
    }
}

/// The outline of a start tag that a parser has found well-formed.
enum XMLStartTag {
    /// The index behind the element's name as written, prefix included.
    static func endOfName(in tag: [UInt8]) -> Int {
        tag.firstIndex { byte in
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "/"), UInt8(ascii: ">"): true
            default: false
            }
        } ?? tag.endIndex
    }

    /// The markup with these attributes, each with a space in front, in its first tag.
    static func splice(_ attributes: [UInt8], into markup: [UInt8]) -> [UInt8] {
        guard !attributes.isEmpty else { return markup }
        let nameEnd = endOfName(in: markup)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(markup.count + attributes.count)
        bytes += markup[..<nameEnd]
        bytes += attributes
        bytes += markup[nameEnd...]
        return bytes
    }

    /// The markup with those of the bindings in its first tag that it mentions; the default
    /// namespace always.
    static func declaring(_ bindings: [NamespaceScope.Binding], in markup: [UInt8]) -> [UInt8] {
        guard !bindings.isEmpty else { return markup }
        var attributes = XMLWriter(reserving: 64)
        let takesAll = mentions("&#", in: markup)
        for binding in bindings {
            if binding.prefix.isEmpty {
                attributes.attribute("xmlns", binding.namespace)
            } else if takesAll || mentions(binding.prefix, in: markup) {
                attributes.attribute("xmlns:" + binding.prefix, binding.namespace)
            }
        }
        return splice(attributes.bytes, into: markup)
    }

    private static func mentions(_ text: String, in markup: [UInt8]) -> Bool {
        var text = text
        return text.withUTF8 { part in
            markup.withUnsafeBytes { bytes in
                guard let partStart = part.baseAddress, let start = bytes.baseAddress else {
                    return false
                }
                return lapwing_contains(start, bytes.count, partStart, part.count) != 0
            }
        }
    }
}
