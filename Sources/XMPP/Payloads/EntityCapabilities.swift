/// The short name, in presence, of all that an entity can do (XEP-0115): a hash that others look up
/// once for everybody who sends the same.
package struct EntityCapabilities: Sendable, Hashable {
    /// The software's address; with ``verification`` it names the node to ask about.
    package var node: String
    /// The hash function by its registered name, such as `sha-1`.
    package var hash: String
    /// The verification string, base64.
    package var verification: String

    package init(node: String, hash: String, verification: String) {
        self.node = node
        self.hash = hash
        self.verification = verification
    }

    /// The hash functions that are computed here, by their registered names.
    package enum Hash: String, Sendable, CaseIterable {
        case sha1 = "sha-1"
        case sha256 = "sha-256"
        case sha512 = "sha-512"
    }
}

extension EntityCapabilities {
    /// The longest node or hash taken from a presence, in bytes: these are keys of a cache.
    package static let maximumAttributeBytes = 1024

    /// Names what `info` says; nil when that is not well-formed.
    package init?(node: String, describing info: DiscoInfo, by hash: Hash = .sha1) {
        guard let verification = info.verification(by: hash) else { return nil }
        self.init(node: node, hash: hash.rawValue, verification: verification)
    }

    /// Reads a `<c/>`; nil for other elements, and for the legacy format, which has no hash
    /// (XEP-0115 §5.4 step 1 allows to ignore it).
    package init?(_ element: Element) {
        guard element.matches("c", Namespace.capabilities),
            let node = element["node"], let hash = element["hash"], let ver = element["ver"],
            !ver.isEmpty,
            max(node.utf8.count, hash.utf8.count, ver.utf8.count)
                <= Self.maximumAttributeBytes
        else { return nil }
        self.init(node: node, hash: hash, verification: ver)
    }

    /// The `<c/>` for a presence.
    package var element: Element {
        Element(
            "c",
            Namespace.capabilities,
            attributes: [
                .init("hash", hash), .init("node", node), .init("ver", verification),
            ]
        )
    }

    /// The node of the `disco#info` request that asks what this stands for.
    package var discoNode: String { node + "#" + verification }

    /// Whether `info` is what the hash was made of, so that the answer may be used for everybody
    /// who sends this hash (XEP-0115 §5.4 step 3).
    ///
    /// False as well for a hash function that is not known: then the answer counts for its sender
    /// alone.
    package func confirms(_ info: DiscoInfo) -> Bool {
        guard let hash = Hash(rawValue: hash), let computed = info.verification(by: hash) else {
            return false
        }
        return Array(computed.utf8) == Array(verification.utf8)
    }
}

extension DiscoInfo {
    /// The verification string (XEP-0115 §5.1); nil when the information is not well-formed.
    package func verification(by hash: EntityCapabilities.Hash) -> String? {
        guard let text = verificationInput else { return nil }
        let bytes = Array(text.utf8)
        return switch hash {
        case .sha1: Base64.encode(Digest.sha1(bytes))
        case .sha256: Base64.encode(Digest.sha256(bytes))
        case .sha512: Base64.encode(Digest.sha512(bytes))
        }
    }

    /// The text that is hashed; nil when the information is not well-formed (XEP-0115 §5.4 step 3).
    ///
    /// A `<` inside a part would let two different answers have one hash (§8.1), so none is taken.
    package var verificationInput: String? {
        var parts: [String] = []
        guard let identities = identityParts, let features = Self.sortedUnique(self.features),
            let forms = formParts
        else { return nil }
        parts = identities + features + forms
        guard !parts.contains(where: { $0.utf8.contains(UInt8(ascii: "<")) }) else { return nil }
        return parts.reduce(into: "") { $0 += $1 + "<" }
    }

    private var identityParts: [String]? {
        // i;octet over the whole `category/type/lang/name` would put a slash below the letters of
        // a longer category; the specification sorts by the fields, one after the other.
        let sorted = identities.sorted { left, right in
            let keys = [
                (left.category, right.category), (left.type, right.type),
                (left.language ?? "", right.language ?? ""), (left.name ?? "", right.name ?? ""),
            ]
            for (one, other) in keys where !Self.isSame(one, other) {
                return Self.precedes(one, other)
            }
            return false
        }
        let parts = sorted.map {
            "\($0.category)/\($0.type)/\($0.language ?? "")/\($0.name ?? "")"
        }
        return Self.hasRepeats(parts) ? nil : parts
    }

    /// The parts of the extended information; forms without a hidden FORM_TYPE are passed over.
    private var formParts: [String]? {
        var read: [(type: String, fields: [(name: String, values: [String])])] = []
        for form in forms {
            let fields = form.elements.filter { $0.matches("field", Namespace.dataForms) }
            guard let typeField = fields.first(where: { $0["var"] == "FORM_TYPE" }),
                typeField["type"] == "hidden"
            else { continue }
            let types = Self.values(of: typeField)
            guard let type = types.first else { continue }
            guard types.allSatisfy({ Self.isSame($0, type) }),
                !read.contains(where: { Self.isSame($0.type, type) })
            else { return nil }
            let named = fields.filter { $0["var"] != "FORM_TYPE" }.map {
                (name: $0["var"] ?? "", values: Self.values(of: $0).sorted(by: Self.precedes))
            }
            read.append((type, named.sorted { Self.precedes($0.name, $1.name) }))
        }
        return read.sorted { Self.precedes($0.type, $1.type) }.flatMap { form in
            [form.type] + form.fields.flatMap { [$0.name] + $0.values }
        }
    }

    private static func values(of field: Element) -> [String] {
        field.elements.filter { $0.matches("value", Namespace.dataForms) }.map(\.text)
    }

    private static func sortedUnique(_ texts: [String]) -> [String]? {
        let sorted = texts.sorted(by: precedes)
        return hasRepeats(sorted) ? nil : sorted
    }

    private static func hasRepeats(_ sorted: [String]) -> Bool {
        zip(sorted, sorted.dropFirst()).contains { isSame($0, $1) }
    }

    /// The collation `i;octet` (RFC 4790 §9.3): Swift's own order of strings is another.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Sameness by bytes: Swift's own takes canonically equivalent texts for one.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }
}
