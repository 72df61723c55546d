extension ServerConfiguration {
    /// How other servers are reached, and reach this one.
    package struct Federation: Sendable, Equatable {
        package var listeners: [PeerListener] = [PeerListener()]
        /// For every domain that is not named.
        package var usual = DomainRule()
        /// What is said of domains by name, or of those below `*.`.
        package var domains: [DomainRule] = []
        /// PEM of the authorities that are believed; nil for the system's.
        package var authoritiesFile: String?
        /// By what our own dialback keys are known; nil makes one up at the start.
        ///
        /// Several processes of one domain need the same.
        package var secret: String?
        /// Whether streams may go both ways.
        package var isBidirectional = true
        /// What may wait for a domain while it is being connected to.
        package var queueBytes = 1 << 20
        /// After how long without a stanza a stream of ours is closed.
        package var idle = Duration.seconds(600)
        /// Bytes that one stream may bring a second; 0 for as many as it likes.
        package var bytesPerSecond = 1 << 20

        package init() {}

        /// A secret shorter than this is tried out too easily.
        static let secretBytesMinimum = 16
    }

    /// A port on which other servers connect.
    package struct PeerListener: Sendable, Equatable {
        package var address = "::"
        package var port = 5269
        package var security = Listener.Security.startTLS

        package init() {}
    }

    /// What must hold for other domains.
    package struct DomainRule: Sendable, Equatable {
        /// A domain, or with `*.` in front all below one; empty for all that are not named.
        package var name = ""
        /// Whether stanzas go to it and come from it at all.
        package var isAllowed = true
        /// Whether nothing goes in the clear.
        package var requiresEncryption = true
        package var authentication = Authentication.dialback
        /// Whether we prove ourselves by dialback where our certificate is not taken.
        package var sendsDialback = true
        /// SHA-256 fingerprints in hexadecimal of the only certificates that are believed.
        package var fingerprints: [String] = []

        package init() {}

        /// What makes us believe that a server is its domain's.
        package enum Authentication: String, Sendable, CaseIterable {
            /// A certificate, or what the domain's own server says of a key.
            case dialback
            /// A certificate that an authority or DNSSEC vouches for.
            case certificate
        }
    }

    /// Whom names are asked of.
    package struct NameService: Sendable, Equatable {
        /// Addresses, with `@` and a port where that is not 53; nil for those of the system.
        package var servers: [String]?
        /// Records as in a zone file, which go before what name servers say.
        package var records: [String] = []
        /// Whether signatures are looked at (DNSSEC).
        package var isSecured = true
        /// A file of DNSSEC's trust anchors; nil for the system's.
        package var trustAnchorFile: String?

        package init() {}
    }
}

// MARK: - Reading

extension ServerConfiguration.Federation {
    init(
        _ table: ConfigurationTable,
        _ absolute: (String) -> String
    ) throws(ConfigurationError) {
        if let tables = try table.tables("listeners") {
            listeners = []
            for table in tables {
                listeners.append(try ServerConfiguration.PeerListener(table))
            }
        }
        usual = try ServerConfiguration.DomainRule(table, isAllowed: "others", besides: nil)
        for table in try table.tables("domains") ?? [] {
            let rule = try ServerConfiguration.DomainRule(
                table,
                isAllowed: "allow",
                besides: usual
            )
            guard !domains.contains(where: { $0.name == rule.name }) else {
                throw table.error("name", "\"\(rule.name)\" is named twice")
            }
            domains.append(rule)
        }
        authoritiesFile = try table.string("authorities").map(absolute)
        secret = try table.string("secret")
        if let secret, secret.utf8.count < Self.secretBytesMinimum {
            throw table.error(
                "secret",
                "has fewer than \(Self.secretBytesMinimum) bytes and could be guessed"
            )
        }
        isBidirectional = try table.boolean("bidirectional") ?? isBidirectional
        queueBytes = try table.size("queue", in: 1024...(1 << 30)) ?? queueBytes
        idle = try table.duration("idle", in: .seconds(10) ... .seconds(86_400)) ?? idle
        bytesPerSecond = try table.size("rate", in: 0...(1 << 30)) ?? bytesPerSecond
    }
}

extension ServerConfiguration.PeerListener {
    fileprivate init(_ table: ConfigurationTable) throws(ConfigurationError) {
        security = try table.choice("security") ?? security
        if security == .plain {
            throw table.error("security", "other servers know \"starttls\" and \"tls\"")
        }
        address = try table.string("address") ?? address
        port =
            try table.integer("port", in: 0...65535)
            ?? (security == .direct ? 5270 : port)
    }
}

extension ServerConfiguration.DomainRule {
    /// Reads what is said of one domain, or of all that are not named.
    fileprivate init(
        _ table: ConfigurationTable,
        isAllowed key: String,
        besides usual: Self?
    ) throws(ConfigurationError) {
        self = usual ?? Self()
        if usual != nil {
            guard let name = try table.string("name")?.lowercased() else {
                throw table.missing("name", "\"example.net\" or \"*.example.net\"")
            }
            let domain = name.hasPrefix("*.") ? String(name.dropFirst(2)) : name
            guard ServerConfiguration.isAddress(domain, withLocal: false),
                !domain.contains("@"), !domain.contains("/")
            else { throw table.error("name", "\"\(name)\" is not a domain") }
            self.name = name
            fingerprints = try table.strings("fingerprints") ?? []
            for text in fingerprints where Self.digits(text) != 64 {
                throw table.error("fingerprints", "\"\(text)\" is no SHA-256 in hexadecimal")
            }
        }
        isAllowed = try table.boolean(key) ?? isAllowed
        requiresEncryption = try table.boolean("encryption") ?? requiresEncryption
        authentication = try table.choice("authentication") ?? authentication
        sendsDialback = try table.boolean("dialback") ?? sendsDialback
    }

    /// How many hexadecimal digits a text has; nil where there is something else in it.
    private static func digits(_ text: String) -> Int? {
        let digits = text.filter { $0 != ":" }
        return digits.allSatisfy(\.isHexDigit) ? digits.count : nil
    }
}

extension ServerConfiguration.NameService {
    init(
        _ table: ConfigurationTable,
        _ absolute: (String) -> String
    ) throws(ConfigurationError) {
        servers = try table.strings("servers")
        records = try table.strings("records") ?? []
        isSecured = try table.boolean("dnssec") ?? isSecured
        trustAnchorFile = try table.string("trust_anchor").map(absolute)
        if !isSecured, trustAnchorFile != nil {
            throw table.error("trust_anchor", "is of no use with \"dnssec = false\"")
        }
    }
}
