extension ServerConfiguration {
    /// A program that attaches and has a domain of its own (XEP-0114).
    package struct Component: Sendable, Equatable {
        package var domain: String
        /// What it proves itself with.
        package var secret: String
        /// What becomes of a second connection of its name.
        package var several: Several
        /// The domains over whose accounts it has rights; nil for the one that it is below, or the
        /// first.
        package var accountsOf: [String]?
        package var privileges = Privileges()
        /// Whether other servers reach it, and it them (`federated`).
        package var isFederated = true
        package var delegations: [Delegation] = []

        package init(domain: String, secret: String, several: Several = .replace) {
            self.domain = domain
            self.secret = secret
            self.several = several
        }

        /// What becomes of a second connection of one component.
        package enum Several: String, Sendable, CaseIterable {
            /// It takes the place of the first, which is ended with `conflict`.
            case replace
            /// It is ended with `conflict`.
            case refuse
            /// Both stay, and each sender's stanzas go to one of them.
            case share
        }
    }

    /// Where components connect.
    package struct ComponentListener: Sendable, Equatable {
        package var address = "127.0.0.1"
        package var port = 5347
        /// `starttls` is none of the choices: XEP-0114 does not know it.
        package var security = Listener.Security.plain
        /// Bytes that one may send a second; 0 for as many as it likes.
        package var bytesPerSecond = 10 << 20
        /// Stanzas that one may send a second, however small; 0 for as many as it likes.
        package var stanzasPerSecond = 20_000
    }

    /// What is not wrong and should be known, a line each.
    package var warnings: [String] { listenerWarnings + delegationWarnings }

    private var listenerWarnings: [String] {
        let listener = componentListener
        guard !components.isEmpty, listener.security == .plain,
            !Self.isLoopback(listener.address)
        else { return [] }
        return [
            "component_listener: who reaches \(listener.address) port \(listener.port) can try "
                + "secrets, and stanzas travel in the clear: use address = \"127.0.0.1\", or "
                + "security = \"tls\""
        ]
    }
}

extension ServerConfiguration.Component {
    /// A secret shorter than this is tried out too easily.
    static let secretBytesMinimum = 8

    init(_ table: ConfigurationTable) throws(ConfigurationError) {
        guard let domain = try table.string("domain")?.lowercased() else {
            throw table.missing("domain", "\"gateway.example.org\"")
        }
        guard ServerConfiguration.isAddress(domain, withLocal: false), !domain.contains("@") else {
            throw table.error("domain", "\"\(domain)\" is not a domain")
        }
        guard let secret = try table.string("secret") else {
            throw table.missing("secret", "\"a long random text\"")
        }
        guard secret.utf8.count >= Self.secretBytesMinimum else {
            throw table.error(
                "secret",
                "has fewer than \(Self.secretBytesMinimum) bytes and could be guessed"
            )
        }
        self.init(
            domain: domain,
            secret: secret,
            several: try table.choice("several") ?? .replace
        )
        accountsOf = try table.strings("accounts_of")?.map { $0.lowercased() }
        isFederated = try table.boolean("federated") ?? isFederated
        if let table = try table.table("privileges") { privileges = try Privileges(table) }
        delegations = try Delegation.all(table)
    }
}

extension ServerConfiguration.ComponentListener {
    init(_ table: ConfigurationTable) throws(ConfigurationError) {
        address = try table.string("address") ?? address
        port = try table.integer("port", in: 0...65535) ?? port
        security = try table.choice("security") ?? security
        if security == .startTLS {
            throw table.error("security", "components know \"plain\" and \"tls\" only")
        }
        bytesPerSecond = try table.size("rate", in: 0...(1 << 30)) ?? bytesPerSecond
        stanzasPerSecond =
            try table.integer("stanzas_per_second", in: 0...1_000_000) ?? stanzasPerSecond
    }
}

extension ServerConfiguration {
    /// Reads the components; each has a domain that nothing else here has.
    ///
    /// `domains` are those of accounts.
    static func components(
        _ root: ConfigurationTable,
        of domains: [String],
        besides taken: [String]
    ) throws(ConfigurationError) -> [Component] {
        var components: [Component] = []
        for table in try root.tables("components") ?? [] {
            let component = try Component(table)
            guard !taken.contains(component.domain),
                !components.contains(where: { $0.domain == component.domain })
            else {
                throw table.error("domain", "\"\(component.domain)\" is served already")
            }
            if let other = component.accountsOf?.first(where: { !domains.contains($0) }) {
                throw table.error("accounts_of", "\"\(other)\" is no domain of accounts here")
            }
            try component.checkDelegations(besides: components, of: domains, table)
            components.append(component)
        }
        return components
    }
}
