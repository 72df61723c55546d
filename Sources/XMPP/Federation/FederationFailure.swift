/// Why a stream to another server came to nothing, or ended.
package enum FederationFailure: Error, Sendable, Hashable {
    /// The operator's policy blocks the domain.
    case blocked
    /// No connection came to be: why, for people, and whether that is so until somebody changes
    /// something, as where the domain has no such service.
    case unreachable(String, isPermanent: Bool)
    /// TLS is needed and the peer does not offer it, or refused to start it.
    case tlsUnavailable
    /// The handshake of TLS failed; why, for people.
    case tlsFailed(String)
    /// The peer's certificate is not what the policy wants; why, for people.
    case certificateUntrusted(String)
    /// The peer offers no way to prove ourselves that the policy lets us use.
    case noProofOffered
    /// The peer did not take our certificate, and no dialback could follow.
    case certificateRefused(SASLFailure)
    /// The authoritative server denied our key: another server answers for our domain, or has
    /// another secret.
    case keyDenied
    /// The peer could not verify our key, or would not; its error.
    case verificationFailed(StanzaError)
    /// There is no room for another pair of domains on the stream.
    case tooManyPairs
    /// The peer ended the stream with an error.
    case streamFailed(StreamError)
    /// The peer sent what it must not; the error is what it was told.
    case protocolViolated(StreamError)
    /// The peer closed the stream without an error.
    case closedByPeer
    /// No answer in time.
    case timedOut
    /// The connection was lost.
    case disconnected
}

// MARK: - What to do about it

extension FederationFailure {
    /// Whether trying again is of no use before somebody changes something.
    ///
    /// What waits for the domain is given back at once then. All else may be different in a while.
    package var isPermanent: Bool {
        switch self {
        case .blocked, .tlsUnavailable, .certificateUntrusted, .noProofOffered, .keyDenied,
            .protocolViolated:
            true
        case .unreachable(_, let isPermanent): isPermanent
        case .certificateRefused(let failure): failure.condition != .temporaryAuthFailure
        case .verificationFailed(let error): Self.isPermanent(error)
        case .streamFailed(let error): Self.isPermanent(error.condition)
        case .tlsFailed, .tooManyPairs, .closedByPeer, .timedOut, .disconnected: false
        }
    }

    private static func isPermanent(_ error: StanzaError) -> Bool {
        switch error.condition {
        // That the peer does not find our server may be its resolver's fault, or ours, for a while.
        case .remoteServerNotFound, .remoteServerTimeout, .resourceConstraint,
            .internalServerError, .undefinedCondition:
            false
        default: error.kind != .wait
        }
    }

    private static func isPermanent(_ condition: StreamError.Condition) -> Bool {
        switch condition {
        case .badFormat, .badNamespacePrefix, .hostGone, .hostUnknown, .improperAddressing,
            .invalidFrom, .invalidNamespace, .invalidXML, .notAuthorized, .notWellFormed,
            .policyViolation, .restrictedXML, .unsupportedEncoding, .unsupportedFeature,
            .unsupportedStanzaType, .unsupportedVersion:
            true
        case .conflict, .connectionTimeout, .internalServerError, .remoteConnectionFailed, .reset,
            .resourceConstraint, .seeOtherHost, .systemShutdown, .undefinedCondition:
            false
        }
    }

    /// What the senders of stanzas that waited are told (RFC 6120 §10.4, XEP-0220 §2.1.1).
    package var bounce: StanzaError {
        let condition: StanzaError.Condition =
            switch self {
            case .keyDenied: .internalServerError
            case .verificationFailed: .remoteServerTimeout
            default: isPermanent ? .remoteServerNotFound : .remoteServerTimeout
            }
        return StanzaError(condition, text: summary)
    }

    /// What a question comes to whose stream failed for this.
    package var verdict: DialbackVerdict {
        switch self {
        case .timedOut, .disconnected, .closedByPeer: .timedOut
        case .streamFailed(let error) where !Self.isPermanent(error.condition): .timedOut
        default: .notFound
        }
    }
}

// MARK: - In words

extension FederationFailure: CustomStringConvertible {
    package var description: String { summary }

    /// What happened, and where there is something to do about it, what.
    package var summary: String {
        switch self {
        case .blocked: "the policy here blocks the domain"
        case .unreachable(let why, _):
            "the server cannot be reached: \(why.prefix(Self.textMax))"
        case .tlsUnavailable:
            "the server offers no TLS, which the policy here, or the domain's DNS, requires"
        case .tlsFailed(let why): "TLS with the server failed: \(why)"
        case .certificateUntrusted(let why):
            "the server's certificate is not trusted: \(why)"
        case .noProofOffered:
            "the server takes neither our certificate nor dialback"
        case .certificateRefused(let failure):
            "the server refused our certificate: " + Self.words(failure.condition, failure.text)
        case .keyDenied:
            "the server was told that our dialback key is false: look whether our domain's "
                + "records lead to this server, and whether all its processes share one secret"
        case .verificationFailed(let error):
            "the server could not verify our dialback key: "
                + Self.words(error.condition, error.text)
        case .tooManyPairs: "the stream carries as many pairs of domains as it may"
        case .streamFailed(let error):
            "the server ended the stream: " + Self.words(error.condition, error.text)
        case .protocolViolated(let error):
            "the server broke the protocol: " + Self.words(error.condition, error.text)
        case .closedByPeer: "the server closed the stream"
        case .timedOut: "the server did not answer in time"
        case .disconnected: "the connection to the server was lost"
        }
    }

    /// Longest text of a peer's that is passed on, in characters.
    private static let textMax = 200

    private static func words<Condition: RawRepresentable<String>>(
        _ condition: Condition,
        _ text: String?
    ) -> String {
        condition.rawValue + (text.map { " (\($0.prefix(textMax)))" } ?? "")
    }
}
