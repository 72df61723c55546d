extension ServerConfiguration.PubSub {
    /// Reads the table `[pubsub]`; without one there is the service at its usual domain.
    init(_ table: ConfigurationTable?, of server: String) throws(ConfigurationError) {
        self.init(domain: "pubsub." + server)
        guard let table else { return }
        domain = try ServerConfiguration.service(table, of: server) ?? domain
        creators = try table.choice("creators") ?? creators
        administrators = try table.strings("administrators") ?? []
        for name in administrators where !ServerConfiguration.isAddress(name, withLocal: true) {
            throw table.error("administrators", "\"\(name)\" is no account: write user@\(server)")
        }
        if try table.boolean("enabled") == false { domain = nil }
    }
}

extension ServerConfiguration.Fleet {
    /// Reads the table `[fleet]`; without one there is the service at its usual domain.
    init(_ table: ConfigurationTable?, of server: String) throws(ConfigurationError) {
        self.init(domain: "monitor." + server)
        guard let table else { return }
        domain = try ServerConfiguration.service(table, of: server) ?? domain
        allowed = try table.strings("allowed") ?? []
        for name in allowed where !ServerConfiguration.isAddress(name, withLocal: false) {
            throw table.error("allowed", "\"\(name)\" is neither an account nor a domain")
        }
        if try table.boolean("enabled") == false { domain = nil }
    }
}

extension ServerConfiguration {
    /// The domain of a service, which is not that of the accounts.
    fileprivate static func service(
        _ table: ConfigurationTable,
        of server: String
    ) throws(ConfigurationError) -> String? {
        guard let domain = try table.string("domain")?.lowercased() else { return nil }
        guard isAddress(domain, withLocal: false), !domain.contains("@") else {
            throw table.error("domain", "\"\(domain)\" is not a domain")
        }
        guard domain != server else {
            throw table.error("domain", "\"\(domain)\" is the domain of the accounts")
        }
        return domain
    }

    /// Whether a text looks like the address of an account or, where that will do, of a domain; the
    /// server looks more closely.
    static func isAddress(_ text: String, withLocal needsLocal: Bool) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 2 || !needsLocal, text.utf8.count <= 2_047 else {
            return false
        }
        return parts.allSatisfy { part in
            !part.isEmpty && !part.contains { $0.isWhitespace || "/\"'<>&".contains($0) }
        }
    }
}
