/// The ways to name the TLS channel inside an authentication, best first.
package enum ChannelBindingType: String, Sendable, Hashable, CaseIterable {
    /// Keying material exported from the connection (RFC 9266).
    case tlsExporter = "tls-exporter"
    /// The hash of the server's certificate (RFC 5929 §4): the same on every connection.
    case tlsServerEndPoint = "tls-server-end-point"
    /// The first Finished message (RFC 5929 §3): TLS 1.2 with extended master secret only.
    case tlsUnique = "tls-unique"
}

/// What TLS says of its own channel; absent where it cannot vouch for it.
package struct ChannelBindings: Sendable, Hashable {
    package var exporter: [UInt8]?
    package var serverEndPoint: [UInt8]?
    package var unique: [UInt8]?

    package init(
        exporter: [UInt8]? = nil,
        serverEndPoint: [UInt8]? = nil,
        unique: [UInt8]? = nil
    ) {
        self.exporter = exporter
        self.serverEndPoint = serverEndPoint
        self.unique = unique
    }

    /// No binding: without TLS, or where the listener leaves it out.
    package static let none = Self()

    /// The data for one type.
    package subscript(_ type: ChannelBindingType) -> [UInt8]? {
        switch type {
        case .tlsExporter: exporter
        case .tlsServerEndPoint: serverEndPoint
        case .tlsUnique: unique
        }
    }

    /// The types that have data, best first.
    package var types: [ChannelBindingType] {
        ChannelBindingType.allCases.filter { self[$0] != nil }
    }
}

extension ChannelBindings {
    private static let namespace = "urn:xmpp:sasl-cb:0"

    /// The `<sasl-channel-binding/>` feature that lists `types` (XEP-0440 §2).
    static func feature(_ types: [ChannelBindingType]) -> Element {
        Element(
            "sasl-channel-binding",
            namespace,
            types.map {
                Element(
                    "channel-binding",
                    namespace,
                    attributes: [.init("type", $0.rawValue)]
                )
            }
        )
    }

    /// The types that a server's features list, those unknown to us left out; nil when they list
    /// none at all.
    static func types(in features: Element) -> [ChannelBindingType]? {
        features.child("sasl-channel-binding", namespace)?.elements.compactMap {
            $0["type"].flatMap(ChannelBindingType.init(rawValue:))
        }
    }
}
