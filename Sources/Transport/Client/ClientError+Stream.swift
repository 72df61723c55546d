import XMPP

extension ClientError {
    /// What became of a stream, in a client's terms.
    init(_ failure: ClientStreamFailure) {
        switch failure {
        case .authenticationFailed(let reason):
            let text = reason.text.map { " (\($0))" } ?? ""
            self = .authentication(reason.condition.rawValue + text)
        case .serverNotAuthentic(let text):
            self = .violation(StreamError(.notAuthorized, text: text))
        case .noMechanism(let offered):
            self = .unsupported(
                "a log-in that is allowed; it has \(offered.joined(separator: ", "))"
            )
        case .tlsUnavailable: self = .unsupported("STARTTLS")
        case .passwordUnusable:
            self = .authentication("the password holds what no password can")
        case .bindingFailed(let error): self = .bind(error)
        case .streamFailed(let error): self = .stream(error)
        case .protocolViolated(let error): self = .violation(error)
        case .closedByServer: self = .disconnected("the server closed the stream")
        case .timedOut: self = .timeout("the server is silent")
        case .disconnected: self = .disconnected("the connection was cut")
        }
    }

    /// Whether trying again without a change by somebody is of no use.
    var isFinal: Bool {
        switch self {
        case .authentication(let condition): !condition.hasPrefix("temporary-auth-failure")
        case .stream(let error): error.condition == .conflict
        case .closed: true
        case .unreachable, .tls, .unsupported, .bind, .violation, .timeout, .disconnected: false
        }
    }
}
