/// The server's side of any stream that a listener accepts: what runs one runs all.
package enum AcceptedStream: ~Copyable {
    case client(ServerStream)
    case component(ComponentStream)

    /// What a listener's streams are, and what they know.
    package enum Configuration: Sendable {
        case client(ServerStream.Configuration)
        case component(ComponentStream.Configuration)

        /// When TLS begins, if it does.
        package var security: ServerStream.Security {
            switch self {
            case .client(let configuration): configuration.security
            case .component(let configuration): configuration.security
            }
        }
    }

    package init(_ configuration: Configuration) {
        switch configuration {
        case .client(let configuration): self = .client(ServerStream(configuration))
        case .component(let configuration): self = .component(ComponentStream(configuration))
        }
    }

    /// The address of the session, once there is one.
    package var jid: JID? {
        switch self {
        case .client(let stream): stream.jid
        case .component(let stream): stream.jid
        }
    }
}

extension AcceptedStream {
    /// The domain here that the peer's header named; nil where it decides nothing.
    package var domain: String? {
        switch self {
        case .client(let stream): stream.domain
        case .component: nil
        }
    }
}

// MARK: - Events

extension AcceptedStream {
    package typealias Action = ServerStream.Action

    package mutating func tlsEstablished(_ bindings: ChannelBindings) {
        switch consume self {
        case .client(var stream):
            stream.tlsEstablished(bindings)
            self = .client(stream)
        case .component(var stream):
            stream.tlsEstablished(bindings)
            self = .component(stream)
        }
    }

    package mutating func opened(_ header: StreamHeader) -> Action {
        if let successor = successor(for: header) { self = .client(successor) }
        return feed({ $0.opened(header) }, { $0.opened(header) })
    }

    /// What a component's stream turns out to be by its header.
    private borrowing func successor(for header: StreamHeader) -> ServerStream? {
        switch self {
        case .client: nil
        case .component(let stream): stream.successor(for: header)
        }
    }

    package mutating func received(_ element: Element) -> Action {
        feed({ $0.received(element) }, { $0.received(element) })
    }

    /// The answer to ``ServerStream/Action/lookUp(account:)``.
    package mutating func credentialsFound(_ answer: CredentialsAnswer) -> Action {
        feed({ $0.credentialsFound(answer) }, { _ in .nothing })
    }

    /// The answer to ``ServerStream/Action/verifyPlain(_:)``.
    package mutating func plainVerified(_ isCorrect: Bool) -> Action {
        feed({ $0.plainVerified(isCorrect) }, { _ in .nothing })
    }

    /// The answer to ``ServerStream/Action/attempt(name:)``.
    package mutating func attemptAnswered(_ isAllowed: Bool) -> Action {
        feed({ _ in .nothing }, { $0.attemptAnswered(isAllowed) })
    }

    /// The session is there.
    package mutating func bound(_ jid: JID) -> Action {
        feed({ $0.bound(jid) }, { $0.bound(jid) })
    }

    /// The session can't be.
    package mutating func bindFailed(_ error: StanzaError) -> Action {
        feed({ $0.bindFailed(error) }, { $0.bindFailed(error) })
    }

    package mutating func inputFailed(_ error: StreamError) -> Action {
        feed({ $0.inputFailed(error) }, { $0.inputFailed(error) })
    }

    package mutating func peerClosed() -> Action {
        feed({ $0.peerClosed() }, { $0.peerClosed() })
    }

    package mutating func timedOut() -> Action {
        feed({ $0.timedOut() }, { $0.timedOut() })
    }

    package mutating func close(_ error: StreamError?) -> Action {
        feed({ $0.close(error) }, { $0.close(error) })
    }

    package mutating func disconnected() {
        _ = feed(
            {
                $0.disconnected()
                return .nothing
            },
            {
                $0.disconnected()
                return .nothing
            }
        )
    }

    @inline(__always)
    private mutating func feed(
        _ client: (inout ServerStream) -> Action,
        _ component: (inout ComponentStream) -> Action
    ) -> Action {
        switch consume self {
        case .client(var stream):
            let action = client(&stream)
            self = .client(stream)
            return action
        case .component(var stream):
            let action = component(&stream)
            self = .component(stream)
            return action
        }
    }
}
