extension ServerConfiguration {
    /// A domain of accounts with what is its own.
    package struct LocalDomain: Sendable, Equatable {
        /// In lower case, as the operator wrote it otherwise.
        package var name: String
        /// Its own certificate; nil where another one names it too.
        package var tls: TLS?
        package var pubsub: PubSub
        package var fleet: Fleet

        package init(name: String, tls: TLS? = nil) {
            self.init(
                name: name,
                tls: tls,
                pubsub: PubSub(domain: "pubsub." + name),
                fleet: Fleet(domain: "monitor." + name)
            )
        }

        fileprivate init(name: String, tls: TLS?, pubsub: PubSub, fleet: Fleet) {
            self.name = name
            self.tls = tls
            self.pubsub = pubsub
            self.fleet = fleet
        }

        /// Its own name and those of its services.
        var names: [String] { [name, pubsub.domain, fleet.domain].compactMap(\.self) }
    }

    /// Every domain of accounts, the first one first.
    package var localDomains: [LocalDomain] {
        [LocalDomain(name: domain, tls: tls, pubsub: pubsub, fleet: fleet)] + furtherDomains
    }

    /// The names of all domains of accounts, the first one first.
    package var domains: [String] { [domain] + furtherDomains.map(\.name) }

    /// Every certificate with the domain that it was configured for, the first one first.
    package var certificates: [(domain: String, files: TLS)] {
        localDomains.compactMap { local in local.tls.map { (local.name, $0) } }
    }
}

extension ServerConfiguration {
    /// Reads the tables `[[domains]]`; each has names that nothing else here has.
    static func furtherDomains(
        _ root: ConfigurationTable,
        besides first: [String],
        _ paths: Paths
    ) throws(ConfigurationError) -> [LocalDomain] {
        var taken = Set(first)
        var domains: [LocalDomain] = []
        for table in try root.tables("domains") ?? [] {
            let local = try LocalDomain(table, paths)
            for name in local.names where !taken.insert(name).inserted {
                throw table.error("domain", "\"\(name)\" is served already")
            }
            domains.append(local)
        }
        return domains
    }

    /// Reads the domain of accounts that a table names.
    static func domain(_ table: ConfigurationTable) throws(ConfigurationError) -> String {
        guard let domain = try table.string("domain") else {
            throw table.missing("domain", "\"example.org\"")
        }
        let bad =
            domain.isEmpty || domain.utf8.count > 1023
            || domain.contains { $0.isWhitespace || "/@\"'<>&".contains($0) }
        if bad { throw table.error("domain", "\"\(domain)\" is not a domain") }
        return domain.lowercased()
    }

    /// Reads the files of a certificate and its key, which a table has both.
    static func tls(
        _ table: ConfigurationTable,
        _ paths: Paths
    ) throws(ConfigurationError) -> TLS {
        guard let certificate = try table.string("certificate") else {
            throw table.missing("certificate", "\"/etc/lapwing/tls/certificate.pem\"")
        }
        guard let key = try table.string("key") else {
            throw table.missing("key", "\"/etc/lapwing/tls/key.pem\"")
        }
        return TLS(
            certificateFile: paths.absolute(certificate),
            keyFile: paths.absolute(key)
        )
    }
}

extension ServerConfiguration.LocalDomain {
    fileprivate init(
        _ table: ConfigurationTable,
        _ paths: Paths
    ) throws(ConfigurationError) {
        let name = try ServerConfiguration.domain(table)
        let hasFiles = table.contains("certificate") || table.contains("key")
        self.init(
            name: name,
            tls: hasFiles ? try ServerConfiguration.tls(table, paths) : nil,
            pubsub: try .init(table.table("pubsub"), of: name),
            fleet: try .init(table.table("fleet"), of: name)
        )
        // Asked for in any case, so that a misspelt key is told of them.
        _ = try table.string("certificate")
        _ = try table.string("key")
    }
}

/// Where relative paths of a configuration start: at the directory of its file.
struct Paths {
    var directory: String

    init(file: String) {
        let slash = file.lastIndex(of: "/")
        directory = slash.map { String(file[..<$0]) } ?? "."
    }

    func absolute(_ path: String) -> String {
        var path = path.hasPrefix("/") ? path : directory + "/" + path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
