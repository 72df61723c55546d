import Glibc

/// What the operator of `lapwing-server` writes, checked.
///
/// The server and `lapwingctl` read it alike.
package struct ServerConfiguration: Sendable, Equatable {
    /// Where the programs look when nobody says otherwise.
    package static let usualPath = "/etc/lapwing/lapwing.toml"
    /// What NIO takes for a Unix socket: some systems have room for no more, Linux has for 107.
    package static let socketPathBytesMaximum = 103

    /// The domain of the accounts; the first, where there are several.
    package var domain: String
    /// The directory of the database, the lock and the control socket.
    package var dataDirectory: String
    /// The Unix socket of `lapwingctl`, in a directory of mode 0700.
    package var controlSocket: String
    package var logLevel = LogLevel.info
    /// Threads that connections and accounts are spread over; 0 for half of the cores.
    package var eventLoops = 0
    package var listeners: [Listener] = []
    /// Certificate and key; nil only where every listener is plain.
    package var tls: TLS?
    /// The domains of accounts besides the first.
    package var furtherDomains: [LocalDomain] = []
    package var accounts = Accounts()
    package var groups: [Group] = Group.usual
    package var pubsub: PubSub
    package var fleet: Fleet
    package var history = History()
    package var components: [Component] = []
    package var componentListener = ComponentListener()
    /// Nil where other servers are neither connected to nor listened for.
    package var federation: Federation?
    package var names = NameService()
    /// Which parts of the server this process runs.
    package var role = Role.all
    /// What this process is called on links.
    package var processName = Role.all.processName
    /// The ways to the server's other processes.
    package var links: [Link] = []
    /// Where the process writes its number; nil for nowhere.
    package var pidFile: String?
    package var limits = Limits()

    /// The configuration of a server of which only the data directory matters.
    package init(domain: String, dataDirectory: String) {
        self.domain = domain
        self.dataDirectory = dataDirectory
        controlSocket = Self.usualSocket(in: dataDirectory)
        pubsub = PubSub(domain: "pubsub." + domain)
        fleet = Fleet(domain: "monitor." + domain)
    }

    /// How much the server says.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error
    }

    /// A port on which clients connect.
    package struct Listener: Sendable, Equatable {
        /// An address of this machine; `::` is all of them, of both families.
        package var address: String
        package var port: Int
        package var security: Security
        /// Whether the -PLUS mechanisms are offered.
        ///
        /// Debian's slixmpp 1.8.3 gets binding wrong on TLS 1.3 and has to be refused unless it
        /// is not offered any.
        package var channelBinding = true

        package init(address: String, port: Int, security: Security) {
            self.address = address
            self.port = port
            self.security = security
        }

        /// How a connection is protected.
        package enum Security: String, Sendable, CaseIterable {
            /// STARTTLS, without which nobody logs in.
            case startTLS = "starttls"
            /// TLS from the first byte.
            case direct = "tls"
            /// None; on loopback addresses only.
            case plain
        }
    }

    /// The server's certificate.
    package struct TLS: Sendable, Equatable {
        /// PEM, the server's own certificate first, then its chain.
        package var certificateFile: String
        package var keyFile: String

        package init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// How accounts log in.
    package struct Accounts: Sendable, Equatable {
        /// Rounds of PBKDF2 for passwords that are set from here on.
        ///
        /// RFC 7677 §4 asks for at least 4096; more cost every client's log-in.
        package var scramIterations = 10_000
        /// Whether PLAIN is offered, inside TLS: some old clients know nothing else.
        package var plain = true
    }

    /// A shared group and whom it sees.
    package struct Group: Sendable, Equatable {
        package var name: String
        package var sees: [String]
        /// Whether its members and those whom it sees may be of different domains
        /// (`spans_domains`).
        package var spansDomains: Bool

        package init(name: String, sees: [String], spansDomains: Bool = false) {
            self.name = name
            self.sees = sees
            self.spansDomains = spansDomains
        }

        /// Viewers and hosts see each other; hosts do not see hosts.
        package static let usual = [
            Group(name: "hosts", sees: ["viewers"]), Group(name: "viewers", sees: ["hosts"]),
        ]
    }

    /// The service on which users make nodes.
    package struct PubSub: Sendable, Equatable {
        /// Nil where there is none.
        package var domain: String?
        package var creators = Creators.local
        /// Accounts that may manage every node of it.
        package var administrators: [String] = []

        /// Who may make nodes.
        package enum Creators: String, Sendable, CaseIterable {
            /// The accounts of the domain whose service it is.
            case local
            case anyone
            case administrators
        }

        init(domain: String?) {
            self.domain = domain
        }
    }

    /// The service that mirrors the nodes of all hosts.
    package struct Fleet: Sendable, Equatable {
        /// Nil where there is none.
        package var domain: String?
        /// Addresses and domains that may know of every host, besides the groups that see them.
        package var allowed: [String] = []

        init(domain: String?) {
            self.domain = domain
        }
    }

    static func usualSocket(in dataDirectory: String) -> String {
        dataDirectory + "/control/control.sock"
    }
}

extension ServerConfiguration {
    /// What is wrong with the files that the configuration names, each in one line.
    package func problems() -> [String] {
        var problems: [String] = []
        for (_, tls) in certificates {
            for file in [tls.certificateFile, tls.keyFile] where access(file, R_OK) != 0 {
                problems.append("\(file): cannot be read: \(String(cString: strerror(errno)))")
            }
            var status = stat()
            if stat(tls.keyFile, &status) == 0, status.st_mode & 0o007 != 0 {
                problems.append(
                    "\(tls.keyFile): anybody can read the key; chmod 600 \(tls.keyFile)"
                )
            }
        }
        if access(dataDirectory, F_OK) == 0, access(dataDirectory, W_OK | X_OK) != 0 {
            problems.append("\(dataDirectory): cannot be written to by this user")
        }
        return problems
    }
}
