import Glibc

/// Whom a resolver asks, whom it believes, and how much it takes.
package struct ResolverSettings: Sendable, Hashable {
    /// The name servers that are asked.
    package enum Servers: Sendable, Hashable {
        /// Those of `/etc/resolv.conf`.
        case system
        /// These addresses, `@` and a port after them if it is not 53.
        case these([String])
        /// None: what is not in the records or in the file of hosts does not exist.
        case none
    }

    /// The keys that DNSSEC begins with.
    package enum TrustAnchor: Sendable, Hashable {
        /// The root's, where the system has them; without them nothing is secure and nothing bogus.
        case system
        /// In a file of DS or DNSKEY records.
        case file(String)
        /// DS or DNSKEY records as text.
        case keys([String])
        /// No validation.
        case none
    }

    package var servers = Servers.system
    /// Records as text, which go before the name servers' and are never secure:
    /// `_xmpp-server._tcp.b.test. 60 IN SRV 0 5 5269 xmpp.b.test.`; aliases are not followed.
    package var records: [String] = []
    /// Names and addresses from here go before the name servers'; nil for no file.
    package var hostsFile: String? = "/etc/hosts"
    package var trustAnchor = TrustAnchor.system
    package var limits = ResolverLimits()

    package init(
        servers: Servers = .system,
        records: [String] = [],
        trustAnchor: TrustAnchor = .system
    ) {
        self.servers = servers
        self.records = records
        self.trustAnchor = trustAnchor
    }

    /// Where systems keep the root's keys: unbound's own, which are kept current, and Debian's.
    private static let rootKeys = ["/var/lib/unbound/root.key", "/usr/share/dns/root.key"]

    /// The file of the keys that DNSSEC begins with: the one named, or the system's, if it has one.
    package var keyFile: String? {
        switch trustAnchor {
        case .system: Self.rootKeys.first { access($0, R_OK) == 0 }
        case .file(let file): file
        case .keys, .none: nil
        }
    }

    /// For a program that has one server to find and takes its certificate's word alone: without
    /// DNSSEC, so that a network whose name servers strip signatures does not keep it out.
    package static let client = {
        var settings = ResolverSettings(trustAnchor: .none)
        // Then the system is asked for the domain itself.
        settings.limits.time = .seconds(5)
        settings.limits.underWay = 16
        settings.limits.waiting = 64
        return settings
    }()
}

/// The limits of a resolver.
package struct ResolverLimits: Sendable, Hashable {
    /// How long a question may take with all that it leads to: name servers try again after one and
    /// two seconds, and who waits for a stream has 30.
    package var time = Duration.seconds(10)
    /// Questions that are asked at once; each costs some tens of KiB and a socket.
    package var underWay = 256
    /// Questions that wait in all, those under way among them.
    package var waiting = 4096
    /// Records taken of an answer, the first ones: real services have less than ten.
    package var records = 32
    /// Bytes taken of a record: the longest that is of use is a certificate in a TLSA record.
    package var recordBytes = 4096
    /// Bytes of answers that are kept to be given again, by each of the library's caches.
    package var cacheBytes = 1024 * 1024

    package init() {}
}
