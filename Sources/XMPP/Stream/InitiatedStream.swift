/// The side of a stream that connects, of any kind: what runs one runs all.
package enum InitiatedStream: ~Copyable {
    case client(ClientStream)
    case component(ComponentClientStream)

    package typealias Action = ClientStream.Action

    /// What the password became; see ``ClientStream/scramKeys``.
    package var scramKeys: ScramKeys? {
        switch self {
        case .client(let stream): stream.scramKeys
        case .component: nil
        }
    }

    package mutating func connected() -> Action {
        feed({ $0.connected() }, { $0.connected() })
    }

    package mutating func tlsEstablished(_ bindings: ChannelBindings) -> Action {
        feed({ $0.tlsEstablished(bindings) }, { $0.tlsEstablished() })
    }

    package mutating func opened(_ header: StreamHeader) -> Action {
        feed({ $0.opened(header) }, { $0.opened(header) })
    }

    package mutating func received(_ element: Element) -> Action {
        feed({ $0.received(element) }, { $0.received(element) })
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

    package mutating func close() -> Action {
        feed({ $0.close() }, { $0.close() })
    }

    package mutating func disconnected() -> Action {
        feed({ $0.disconnected() }, { $0.disconnected() })
    }

    @inline(__always)
    private mutating func feed(
        _ client: (inout ClientStream) -> Action,
        _ component: (inout ComponentClientStream) -> Action
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
