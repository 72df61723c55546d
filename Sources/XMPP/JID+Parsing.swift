extension JID {
    /// Bytes of the longest part (RFC 7622 §3.2 to §3.4).
    package static let maximumPartBytes = 1023

    /// Reads an address as text: `local@domain/resource`, the first two optional parts apart.
    ///
    /// By bytes, for a mark that combines with `/` or `@` must not hide it (RFC 7622 §3.1).
    package init(_ text: String) throws(JIDError) {
        let bytes = text.utf8
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        let head = text[..<(slash ?? text.endIndex)]
        let resource = slash.map { String(text[bytes.index(after: $0)...]) }
        if let at = head.utf8.firstIndex(of: UInt8(ascii: "@")) {
            try self.init(
                local: String(head[..<at]),
                domain: String(head[bytes.index(after: at)...]),
                resource: resource
            )
        } else {
            try self.init(local: nil, domain: String(head), resource: resource)
        }
    }

    /// Normalises and checks each part.
    package init(local: String?, domain: String, resource: String? = nil) throws(JIDError) {
        self.init(
            normalizedLocal: try local.map(Self.prepare(local:)),
            domain: try Self.prepare(domain: domain),
            resource: try resource.map(Self.prepare(resource:))
        )
    }

    /// The address of a session of this account, or of an occupant of this room.
    package func with(resource: String) throws(JIDError) -> JID {
        JID(
            normalizedLocal: local,
            domain: domain,
            resource: try Self.prepare(resource: resource)
        )
    }
}

// MARK: - The parts

extension JID {
    /// RFC 7622 §3.3: UsernameCaseMapped, without what would make an address read otherwise.
    private static func prepare(local: String) throws(JIDError) -> String {
        try check(local, .local)
        var hasUpper = false
        var isPlain = true
        for byte in local.utf8 {
            if !(0x21...0x7E).contains(byte) {
                isPlain = false
                break
            }
            if isExcluded(byte) { throw .invalid(.local) }
            if (0x41...0x5A).contains(byte) { hasUpper = true }
        }
        if isPlain { return hasUpper ? local.lowercased() : local }
        guard let prepared = PreparedString.username(local),
            !prepared.utf8.contains(where: isExcluded)
        else { throw .invalid(.local) }
        return try checkLength(prepared, .local)
    }

    /// RFC 7622 §3.4: OpaqueString.
    private static func prepare(resource: String) throws(JIDError) -> String {
        try check(resource, .resource)
        guard let prepared = PreparedString.opaque(resource) else { throw .invalid(.resource) }
        return try checkLength(prepared, .resource)
    }

    /// RFC 7622 §3.2.
    private static func prepare(domain: String) throws(JIDError) -> String {
        try check(domain, .domain)
        guard let prepared = DomainName.prepared(domain) else { throw .invalid(.domain) }
        return try checkLength(prepared, .domain)
    }

    /// RFC 7622 §3.3.1.
    private static func isExcluded(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "/"),
            UInt8(ascii: ":"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    /// Refuses what is no part at all, and what no mapping could make short enough.
    private static func check(_ text: String, _ part: JIDError.Part) throws(JIDError) {
        if text.isEmpty { throw .empty(part) }
        let count = text.utf8.count
        guard count > maximumPartBytes else { return }
        // Only text beyond ASCII can get shorter, and no character to less than a quarter.
        if count > 4 * maximumPartBytes || text.utf8.allSatisfy({ $0 < 0x80 }) {
            throw .tooLong(part)
        }
    }

    private static func checkLength(
        _ text: String,
        _ part: JIDError.Part
    ) throws(JIDError) -> String {
        if text.utf8.count > maximumPartBytes { throw .tooLong(part) }
        return text
    }
}
