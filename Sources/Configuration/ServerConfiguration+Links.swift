extension ServerConfiguration {
    /// Which parts of the server a process runs.
    package enum Role: String, Sendable, CaseIterable {
        /// Accounts, and whatever else the configuration has.
        case all
        /// Accounts; other servers are another process's.
        case router
        /// Other servers, for a router.
        case s2s
        /// Components, for a router.
        case components

        /// Whether it has accounts.
        package var hasAccounts: Bool { self == .all || self == .router }

        /// What the process is called on links where nobody says otherwise.
        var processName: String { self == .all ? Role.router.rawValue : rawValue }
    }

    /// The way to another process of the server.
    package struct Link: Sendable, Equatable {
        /// What the other process is called.
        package var name: String
        /// What both prove to each other.
        package var secret: String
        package var way: Way
        /// Domains that this link leads to; with `*.` in front all below one.
        package var hosts: [String] = []
        /// Whether it leads to all domains that have no other way.
        package var isUplink = false
        /// Whether other servers reach those domains, and those reach them.
        package var isFederated = true
        /// Users besides our own and root that may connect to the Unix socket.
        package var users: [String] = []

        package init(name: String, secret: String, way: Way) {
            self.name = name
            self.secret = secret
            self.way = way
        }

        /// Which side opens the connection.
        package enum Way: Sendable, Equatable {
            case listen(Address)
            case connect(Address)
        }

        /// Where.
        package enum Address: Sendable, Equatable {
            case socket(String)
            case port(host: String, Int)
        }

        /// A secret shorter than this is tried out too easily.
        static let secretBytesMinimum = 16
        static let nameBytesMaximum = 64

        /// Whether it leads to the domain by name.
        package func leads(to domain: String) -> Bool {
            hosts.contains { host in
                host == domain || host.hasPrefix("*.") && domain.hasSuffix(host.dropFirst())
            }
        }
    }
}

// MARK: - Reading

extension ServerConfiguration.Link {
    fileprivate init(
        _ table: ConfigurationTable,
        _ absolute: (String) -> String
    ) throws(ConfigurationError) {
        guard let name = try table.string("name") else { throw table.missing("name", "\"s2s\"") }
        guard Self.isName(name) else {
            throw table.error("name", "\"\(name)\" is not 1 to 64 of A-Z a-z 0-9 . _ -")
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
        let listens = try Self.address(table, "listen", absolute)
        let connects = try Self.address(table, "connect", absolute)
        switch (listens, connects) {
        case (let address?, nil): way = .listen(address)
        case (nil, let address?): way = .connect(address)
        case (nil, nil):
            throw table.missing("connect", "\"unix:/run/lapwing/router.sock\", or listen")
        case (_?, _?): throw table.error("listen", "one side connects: write listen or connect")
        }
        self.name = name
        self.secret = secret
        hosts = try table.strings("hosts")?.map { $0.lowercased() } ?? []
        for host in hosts {
            let domain = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
            guard ServerConfiguration.isAddress(domain, withLocal: false),
                !domain.contains("@"), !domain.contains("/")
            else { throw table.error("hosts", "\"\(host)\" is not a domain") }
        }
        isUplink = try table.boolean("uplink") ?? false
        isFederated = try table.boolean("federated") ?? true
        users = try table.strings("users") ?? []
        if !users.isEmpty, case .listen(.socket) = way { return }
        if !users.isEmpty { throw table.error("users", "are known on a Unix socket only") }
    }

    static func isName(_ text: String) -> Bool {
        (1...nameBytesMaximum).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    private static func address(
        _ table: ConfigurationTable,
        _ key: String,
        _ absolute: (String) -> String
    ) throws(ConfigurationError) -> Address? {
        guard let text = try table.string(key) else { return nil }
        if text.hasPrefix("unix:") {
            let path = absolute(String(text.dropFirst(5)))
            guard path.utf8.count <= ServerConfiguration.socketPathBytesMaximum else {
                let most = ServerConfiguration.socketPathBytesMaximum
                throw table.error(key, "the socket's path is longer than \(most) bytes")
            }
            return .socket(path)
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
        else {
            throw table.error(
                key,
                "\"\(text)\" is neither \"unix:PATH\" nor \"ADDRESS:PORT\""
            )
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw table.error(key, "\"\(text)\" names no address") }
        return .port(host: String(host), port)
    }
}

extension ServerConfiguration {
    /// Reads what concerns the processes: all else has been read.
    mutating func readLinks(
        _ root: ConfigurationTable,
        _ paths: Paths
    ) throws(ConfigurationError) {
        processName = try root.string("process_name") ?? role.processName
        guard Link.isName(processName) else {
            throw root.error("process_name", "is not 1 to 64 of A-Z a-z 0-9 . _ -")
        }
        pidFile = try root.string("pid_file").map(paths.absolute)
        let tables = try root.tables("links") ?? []
        for table in tables {
            let link = try Link(table, paths.absolute)
            guard link.name != processName, !links.contains(where: { $0.name == link.name })
            else { throw table.error("name", "\"\(link.name)\" is taken already") }
            if case .listen(.port) = link.way, tls == nil {
                throw table.error(
                    "listen",
                    "needs a certificate, any will do: [tls] (lapwingctl cert makes one)"
                )
            }
            links.append(link)
        }
        try check(root, tables)
    }

    private mutating func check(
        _ root: ConfigurationTable,
        _ tables: [ConfigurationTable]
    ) throws(ConfigurationError) {
        switch role {
        case .all: break
        case .router:
            if federation != nil {
                throw root.error(
                    "federation",
                    "is the s2s process's; role = \"all\" has both in one"
                )
            }
            if links.isEmpty { throw root.missing("[[links]]", "name, listen, secret, uplink") }
        case .s2s, .components: try checkEdge(root, tables)
        }
        if role.hasAccounts { try checkWays(tables) }
    }

    /// Each link leads somewhere, and no two to the same.
    private func checkWays(_ tables: [ConfigurationTable]) throws(ConfigurationError) {
        var taken = localDomains.flatMap(\.names) + components.map(\.domain)
        var hasUplink = federation != nil
        for (link, table) in zip(links, tables) {
            guard link.isUplink || !link.hosts.isEmpty else {
                throw table.missing("hosts", "[\"bot.example.org\"], or uplink = true")
            }
            if link.isUplink, hasUplink {
                throw table.error(
                    "uplink",
                    "another link, or [federation], is for all other domains already"
                )
            }
            hasUplink = hasUplink || link.isUplink
            if link.hosts.isEmpty, !link.isFederated {
                throw table.error("federated", "is for the hosts of a link, and this one has none")
            }
            for host in link.hosts {
                if host.hasPrefix("*.") {
                    throw table.error("hosts", "here each is to be named: \"\(host)\" is not")
                }
                guard !taken.contains(host) else {
                    throw table.error("hosts", "\"\(host)\" is served already")
                }
                taken.append(host)
            }
        }
    }

    /// A process without accounts has one router, and nothing that is the router's.
    private mutating func checkEdge(
        _ root: ConfigurationTable,
        _ tables: [ConfigurationTable]
    ) throws(ConfigurationError) {
        guard links.count == 1, let table = tables.first else {
            throw root.error("links", "role = \"\(role.rawValue)\" has one link, to its router")
        }
        let isForServers = role == .s2s
        let wanted = isForServers ? "federation" : "components"
        guard isForServers ? federation != nil : !components.isEmpty else {
            let table = isForServers ? "[federation]" : "[[components]]"
            throw root.error(wanted, "role = \"\(role.rawValue)\" needs \(table)")
        }
        let others = ["listeners", "accounts", "groups", "history", "pubsub", "fleet"]
        let foreign = others + [isForServers ? "components" : "federation"]
        for key in foreign where root.contains(key) {
            throw root.error(key, "is of no use to role = \"\(role.rawValue)\": the router has it")
        }
        listeners = []
        if !links[0].isFederated {
            throw table.error("federated", "is the router's to say, at its end of the link")
        }
        if isForServers {
            if links[0].isUplink { throw table.error("uplink", "this process is the uplink") }
            if links[0].hosts.isEmpty { links[0].hosts = domains.flatMap { [$0, "*." + $0] } }
        } else {
            if !links[0].hosts.isEmpty {
                throw table.error("hosts", "the router has all that is not a component's here")
            }
            if let trusted = components.first(where: \.hasRights) {
                throw root.error(
                    "components",
                    "\(trusted.domain) has rights over accounts: they need the router's process"
                )
            }
            if let inner = components.first(where: { !$0.isFederated }) {
                throw root.error(
                    "components",
                    "\(inner.domain) has federated = false: the router says that for a link"
                )
            }
            links[0].isUplink = true
        }
    }
}
