extension ServerConfiguration {
    /// Reads the file at `path`, for that role where it is not to be the file's.
    package static func read(
        _ path: String,
        as role: Role? = nil
    ) throws(ConfigurationError) -> ServerConfiguration {
        try ServerConfiguration(ConfigurationFile.read(path), as: role)
    }

    /// Reads a parsed file; relative paths in it start at the file's own directory.
    package init(_ file: ConfigurationFile, as role: Role? = nil) throws(ConfigurationError) {
        let root = file.root
        domain = try Self.domain(root)
        guard let data = try root.string("data"), !data.isEmpty else {
            throw root.missing("data", "\"/var/lib/lapwing\"")
        }
        let paths = Paths(file: file.name)
        dataDirectory = paths.absolute(data)
        let socket = try root.string("control_socket").map(paths.absolute)
        controlSocket = socket ?? Self.usualSocket(in: dataDirectory)
        if controlSocket.utf8.count > Self.socketPathBytesMaximum {
            throw root.error(
                socket == nil ? "data" : "control_socket",
                "the control socket's path is longer than \(Self.socketPathBytesMaximum) bytes"
            )
        }
        let named: Role? = try root.choice("role")
        self.role = role ?? named ?? .all
        logLevel = try root.choice("log_level") ?? logLevel
        eventLoops = try root.integer("event_loops", in: 0...64) ?? eventLoops
        listeners = try Self.listeners(root)
        tls = try root.table("tls").map { (table) throws(ConfigurationError) in
            try Self.tls(table, paths)
        }
        if let table = try root.table("accounts") { accounts = try Accounts(table) }
        if let table = try root.table("groups") { groups = try Self.groups(table) }
        pubsub = try PubSub(root.table("pubsub"), of: domain)
        fleet = try Fleet(root.table("fleet"), of: domain)
        if let domain = fleet.domain, domain == pubsub.domain {
            throw root.error("fleet", "\"\(domain)\" is the domain of [pubsub] already")
        }
        let own = localDomains.flatMap(\.names)
        furtherDomains = try Self.furtherDomains(root, besides: own, paths)
        let taken = localDomains.flatMap(\.names)
        components = try Self.components(root, of: domains, besides: taken)
        if let table = try root.table("component_listener") {
            componentListener = try ComponentListener(table)
        }
        if let table = try root.table("federation") {
            federation = try Federation(table, paths.absolute)
            if tls == nil {
                throw root.error("federation", "other servers need to see a certificate: [tls]")
            }
        }
        if let table = try root.table("names") {
            names = try NameService(table, paths.absolute)
        }
        if let table = try root.table("history") { history = try History(table) }
        if let table = try root.table("limits") { limits = try Limits(table) }
        try readLinks(root, paths)
        try file.finish()
        if tls == nil, !components.isEmpty, componentListener.security != .plain {
            throw root.error("component_listener", "security = \"tls\" needs a certificate: [tls]")
        }
        if tls == nil, let domain = furtherDomains.first(where: { $0.tls != nil }) {
            throw ConfigurationError(
                file: file.name,
                "\(domain.name) has a certificate, and \(self.domain) has none: write [tls]"
            )
        }
        if tls == nil, let listener = listeners.first(where: { $0.security != .plain }) {
            throw ConfigurationError(
                file: file.name,
                "the listener on port \(listener.port) needs a certificate: write [tls] with "
                    + "certificate and key (lapwingctl cert makes a self-signed one)"
            )
        }
    }

    private static func listeners(
        _ root: ConfigurationTable
    ) throws(ConfigurationError) -> [Listener] {
        guard let tables = try root.tables("listeners") else {
            return [
                Listener(address: "::", port: 5222, security: .startTLS),
                Listener(address: "::", port: 5223, security: .direct),
            ]
        }
        var listeners: [Listener] = []
        for table in tables { listeners.append(try listener(table)) }
        if listeners.isEmpty { throw root.error("listeners", "there must be one at least") }
        return listeners
    }

    private static func listener(
        _ table: ConfigurationTable
    ) throws(ConfigurationError) -> Listener {
        let security = try table.choice("security", of: Listener.Security.self) ?? .startTLS
        let usualPort = security == .direct ? 5223 : 5222
        let usualAddress = security == .plain ? "127.0.0.1" : "::"
        var listener = Listener(
            address: try table.string("address") ?? usualAddress,
            // Port 0 lets the system choose: for tests and demonstrations.
            port: try table.integer("port", in: 0...65535) ?? usualPort,
            security: security
        )
        listener.channelBinding = try table.boolean("channel_binding") ?? true
        if security == .plain, !isLoopback(listener.address) {
            throw table.error(
                "address",
                "\"plain\" sends passwords in the clear and is for 127.0.0.1 and ::1 only"
            )
        }
        return listener
    }

    package static func isLoopback(_ address: String) -> Bool {
        if address == "::1" || address == "localhost" { return true }
        let parts = address.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func groups(_ table: ConfigurationTable) throws(ConfigurationError) -> [Group] {
        var groups: [Group] = []
        for name in table.keys {
            guard let group = try table.table(name) else { continue }
            groups.append(
                Group(
                    name: name,
                    sees: try group.strings("sees") ?? [],
                    spansDomains: try group.boolean("spans_domains") ?? false
                )
            )
        }
        let names = groups.map(\.name)
        for group in groups {
            for other in group.sees where !names.contains(other) {
                let near = Spelling.nearest(to: other, among: names)
                let advice = near.map { "; did you mean \"\($0)\"?" } ?? "; write [groups.\(other)]"
                throw table.error(group.name, "sees \"\(other)\", which is no group\(advice)")
            }
        }
        return groups
    }
}

extension ServerConfiguration.Accounts {
    init(_ table: ConfigurationTable) throws(ConfigurationError) {
        scramIterations =
            try table.integer("scram_iterations", in: 4096...10_000_000) ?? scramIterations
        plain = try table.boolean("plain") ?? plain
    }
}
