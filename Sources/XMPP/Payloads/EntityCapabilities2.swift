/// The short names, in presence, of all that an entity can do (XEP-0390): hashes of its answer to
/// `disco#info`, several where others know different hash functions.
package struct EntityCapabilities2: Sendable, Hashable {
    package static let namespace = "urn:xmpp:caps"
    /// What an entity that heeds such hashes lists in `disco#info`.
    package static let feature = namespace
    /// Hashes that are looked at in one presence: more than there are functions in use.
    package static let hashesMaximum = 16
    private static let hashes = "urn:xmpp:hashes:2"

    /// A hash with its function.
    package struct Hash: Sendable, Hashable {
        package var function: Function
        package var value: [UInt8]

        package init(_ function: Function, _ value: [UInt8]) {
            self.function = function
            self.value = value
        }
    }

    /// The functions that are computed here, by their registered names, the preferred first.
    ///
    /// SHA-1 is none of them: every set of hashes has one by a safe function (XEP-0390 §4.2).
    package enum Function: String, Sendable, CaseIterable {
        case sha256 = "sha-256"
        case sha512 = "sha-512"

        fileprivate var digest: Digest {
            switch self {
            case .sha256: .sha256
            case .sha512: .sha512
            }
        }
    }

    /// One at least, the preferred first.
    package let hashes: [Hash]

    /// The names of the entity that answers with `info`; nil when that may not be hashed.
    package init?(describing info: DiscoInfo, by functions: [Function] = [.sha256]) {
        guard !functions.isEmpty, let input = Self.input(of: info.element) else { return nil }
        hashes = functions.map { Hash($0, $0.digest.hash(input)) }
    }

    /// Reads a `<c/>`; nil when it is none, or all its functions are unknown.
    package init?(_ element: Element) {
        guard element.matches("c", Self.namespace) else { return nil }
        let children = element.elements.prefix(Self.hashesMaximum)
        let known = children.compactMap { child in
            child.matches("hash", Self.hashes)
                ? Hash(function: child["algo"], base64: child.text) : nil
        }
        guard !known.isEmpty else { return nil }
        hashes = Function.allCases.flatMap { function in
            known.filter { $0.function == function }
        }
    }

    /// The `<c/>` for a presence.
    package var element: Element {
        Element(
            "c",
            Self.namespace,
            hashes.map { hash in
                var element = Element("hash", Self.hashes, text: Base64.encode(hash.value))
                element["algo"] = hash.function.rawValue
                return element
            }
        )
    }
}

extension EntityCapabilities2.Hash {
    private static let prefix = "\(EntityCapabilities2.namespace)#"

    fileprivate init?(function name: String?, base64: String) {
        guard let function = name.flatMap(EntityCapabilities2.Function.init(rawValue:)),
            base64.utf8.count <= EntityCapabilities.maximumAttributeBytes,
            let value = Base64.decode(base64), value.count == function.digest.byteCount
        else { return nil }
        self.init(function, value)
    }

    /// The node of the `disco#info` request that asks what this stands for (XEP-0390 §4.3).
    package var discoNode: String {
        "\(Self.prefix)\(function.rawValue).\(Base64.encode(value))"
    }

    /// Reads such a node; nil for any other.
    ///
    /// The last dot separates: the name of a function may have one.
    package init?(discoNode: String) {
        guard discoNode.hasPrefix(Self.prefix) else { return nil }
        let rest = discoNode.dropFirst(Self.prefix.count)
        guard let dot = rest.lastIndex(of: ".") else { return nil }
        self.init(
            function: String(rest[..<dot]),
            base64: String(rest[rest.index(after: dot)...])
        )
    }

    /// Whether the hash was made of the answer `query`, so that it may be used for everybody who
    /// sends this hash (XEP-0390 §4.4).
    ///
    /// `language` is what the answer inherits from the stanza or the stream around it.
    package func confirms(_ query: Element, language: String? = nil) -> Bool {
        guard let input = EntityCapabilities2.input(of: query, language: language) else {
            return false
        }
        return function.digest.hash(input) == value
    }
}

// MARK: - What is hashed

extension EntityCapabilities2 {
    /// Ends of the parts, from the outermost to the innermost (XEP-0390 §4.1).
    ///
    /// XML has no way to carry these characters, so no text can imitate an end.
    private enum End {
        static let section: UInt8 = 0x1C
        static let form: UInt8 = 0x1D
        static let entry: UInt8 = 0x1E
        static let text: UInt8 = 0x1F
    }

    /// The bytes that are hashed; nil for an answer that has what the hash would not cover.
    package static func input(of query: Element, language: String? = nil) -> [UInt8]? {
        guard query.matches("query", Namespace.discoInfo),
            query.children.count <= DiscoInfo.maximumEntries * 2
        else { return nil }
        let language = query.language ?? language
        var features: [[UInt8]] = []
        var identities: [[UInt8]] = []
        var forms: [[UInt8]] = []
        for child in query.elements {
            if child.matches("feature", Namespace.discoInfo) {
                features.append(ended(child["var"]))
            } else if child.matches("identity", Namespace.discoInfo) {
                identities.append(identity(child, language))
            } else if child.matches("x", Namespace.dataForms), let form = form(child) {
                forms.append(form)
            } else {
                return nil
            }
        }
        return joined(features, End.section) + joined(identities, End.section)
            + joined(forms, End.section)
    }

    private static func identity(_ element: Element, _ language: String?) -> [UInt8] {
        let texts = [
            element["category"], element["type"], element.language ?? language, element["name"],
        ]
        return texts.flatMap { ended($0) } + [End.entry]
    }

    /// Nil for a form whose fields have no known meaning, or that lists results.
    private static func form(_ form: Element) -> [UInt8]? {
        var fields: [[UInt8]] = []
        var types = 0
        for child in form.elements where child.namespace == Namespace.dataForms {
            guard child.name != "reported", child.name != "item" else { return nil }
            guard child.name == "field" else { continue }
            let values = child.elements.filter { $0.matches("value", Namespace.dataForms) }
            if child["var"] == "FORM_TYPE" {
                // XEP-0068: hidden, with one value.
                guard child["type"] == "hidden", values.count == 1 else { return nil }
                types += 1
            }
            fields.append(
                ended(child["var"]) + joined(values.map { ended($0.text) }, End.entry)
            )
        }
        return types == 1 ? joined(fields, End.form) : nil
    }

    private static func ended(_ text: String?) -> [UInt8] {
        Array((text ?? "").utf8) + [End.text]
    }

    /// In the order of the collation `i;octet` (RFC 4790 §9.3).
    private static func joined(_ parts: [[UInt8]], _ end: UInt8) -> [UInt8] {
        parts.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 } + [end]
    }
}

extension Element {
    /// What stands in `xml:lang`.
    fileprivate var language: String? {
        attributes.first { $0.name == "lang" && $0.namespace == Namespace.xml }?.value
    }
}
