package import XMPP

/// Where a client connects, as whom, and what it trusts.
package struct ClientConfiguration: Sendable {
    /// How the connection is protected.
    package enum Security: Sendable, Hashable {
        /// TLS in the one way or the other, as the record says by which the server was found
        /// (XEP-0368); after `<starttls/>` where there is none.
        case automatic
        /// TLS after `<starttls/>`, always required (RFC 7590 §3.1).
        case startTLS
        /// TLS from the first byte (XEP-0368).
        case direct
        /// None: for tests over loopback.
        case plain
    }

    /// How the server shows that it is the one meant.
    package enum Verification: Sendable, Hashable {
        /// A chain to the system's authorities, and the domain's name (RFC 9525).
        case system
        /// A chain to the authorities in a PEM file, and the domain's name.
        case authorities(file: String)
        /// The SHA-256 of the server's certificate in hexadecimal, colons or not; the dates still
        /// count, the name and the chain do not.
        case fingerprint(String)
    }

    /// The account; with a resource when a certain one is wanted.
    package var jid: JID
    package var password: String
    /// Where to connect; nil means the account's domain.
    package var host: String?
    /// Nil means 5222, or 5223 for direct TLS; 5347 for a component.
    ///
    /// Without host and port the server is looked up by the domain's SRV records, unless the
    /// connection is plain.
    package var port: Int?
    package var security: Security
    package var verification: Verification
    /// The SASL mechanisms that may be used, by name; nil allows all that we speak.
    package var mechanisms: Set<String>?
    /// The channel bindings that may be used.
    package var channelBindings = Set(ChannelBindingType.allCases)
    /// Of a stanza from the server.
    package var limits = XMLLimits.server
    /// Bytes that may wait for the server to read; what is over is refused.
    package var outboundBytes = 4 * 1024 * 1024
    package var timing = ClientTiming()
    /// How the server's records are looked up.
    package var resolver = ResolverSettings.client
    /// Whether it is a component's connection (XEP-0114), whose password is its secret.
    package private(set) var isComponent = false

    /// A component: a program with a domain of its own on the server that it connects to.
    ///
    /// XEP-0114 knows no STARTTLS: on this machine it goes without TLS, to others TLS begins at
    /// once.
    package init(
        component domain: String,
        secret: String,
        host: String = "127.0.0.1",
        port: Int = 5347,
        security: Security = .plain
    ) throws(JIDError) {
        self.init(
            jid: try JID(local: nil, domain: domain),
            password: secret,
            host: host,
            port: port,
            security: security
        )
        isComponent = true
    }

    package init(
        jid: JID,
        password: String,
        host: String? = nil,
        port: Int? = nil,
        security: Security = .automatic,
        verification: Verification = .system,
        mechanisms: Set<String>? = nil
    ) {
        self.jid = jid
        self.password = password
        self.host = host
        self.port = port
        self.security = security
        self.verification = verification
        self.mechanisms = mechanisms
    }
}

/// How long a client waits for what.
package struct ClientTiming: Sendable, Hashable {
    /// From the first packet to the bound resource: a server that is silent is given up.
    package var negotiation = Duration.seconds(30)
    /// Silence after which the server is pinged (XEP-0199): longer than a busy agent's pauses,
    /// short enough for a dashboard to tell within half a minute.
    package var silenceBeforePing = Duration.seconds(15)
    /// How long the ping may go unanswered before the connection counts as lost.
    package var pingAnswer = Duration.seconds(15)
    /// How long a request may go unanswered.
    package var request = Duration.seconds(30)
    /// How long an orderly close waits for the server's own end tag.
    package var close = Duration.seconds(2)
    /// The first and the longest pause between two attempts.
    package var backOff = BackOff.Bounds()

    package init() {}
}

/// Why a client is offline.
package enum ClientError: Error, Sendable, Hashable {
    /// No TCP connection: the system's words.
    case unreachable(String)
    /// The TLS handshake failed, or the certificate did not verify.
    case tls(String)
    /// The server does not offer what the configuration asks for.
    case unsupported(String)
    /// The account or its password was refused (RFC 6120 §6.5), with the SASL condition.
    case authentication(String)
    /// No resource could be bound (RFC 6120 §7).
    case bind(StanzaError)
    /// The server ended the stream with an error.
    case stream(StreamError)
    /// The server sent what no server may.
    case violation(StreamError)
    /// Nothing came for too long.
    case timeout(String)
    /// The connection was cut, or the server closed the stream.
    case disconnected(String)
    /// ``Client/close()`` was called.
    case closed
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let text): "cannot connect: \(text)"
        case .tls(let text): "TLS: \(text)"
        case .unsupported(let text): "the server does not offer \(text)"
        case .authentication(let condition): "log-in refused: \(condition)"
        case .bind(let error): "no session: \(error.condition.rawValue)"
        case .stream(let error): "the server ended the stream: \(error.summary)"
        case .violation(let error): "the server broke the protocol: \(error.summary)"
        case .timeout(let text): "no answer: \(text)"
        case .disconnected(let text): "disconnected: \(text)"
        case .closed: "closed"
        }
    }
}

extension StreamError {
    /// The condition and the text in one line, for logs.
    package var summary: String {
        text.map { "\(condition.rawValue) (\($0))" } ?? condition.rawValue
    }
}

/// What a client tells its owner, in order.
package enum ClientEvent: Sendable {
    /// Logged in; the address is the full one that the server gave.
    case online(JID)
    /// A stanza that is neither the answer to a request nor a ping, which the client answers.
    ///
    /// Roster pushes are acknowledged by the client, and come only from who may send them; every
    /// other iq of type get or set waits for an answer by who reads this.
    case stanza(Stanza)
    /// Not connected any more, or not yet. Without a time to the next attempt the client has given
    /// up: a wrong password, a session taken over by another.
    case offline(reason: ClientError, retryIn: Duration?)
}
