import Telemetry
package import XMPP

/// What a dashboard tells of itself, so that servers send it what it wants and nothing else.
package enum Interest: Sendable, Hashable, CaseIterable {
    /// The nodes of every account that it sees.
    case accounts
    /// No account's nodes: the fleet service tells them, and nothing is to come twice.
    case service

    /// The software's address in capabilities (XEP-0115 §4).
    static let capabilitiesNode = "urn:lapwing:1:top"

    /// The nodes that a dashboard is told of: all but what was measured while offline, which is for
    /// history.
    package static let nodes =
        MonitoringNode.allCases.filter { $0 != .late }.map(\.name) + [ProsodyValue.loadNode]

    /// The answer to `disco#info`: the `+notify` features are the interest (XEP-0163 §4).
    package var info: DiscoInfo {
        DiscoInfo(
            identities: [.init(category: "client", type: "console", name: "lapwing-top")],
            features: [Namespace.capabilities, Namespace.discoInfo, Namespace.ping]
                + (self == .accounts ? Self.nodes.map { $0 + "+notify" } : [])
        )
    }

    package var capabilities: EntityCapabilities? {
        EntityCapabilities(node: Self.capabilitiesNode, describing: info)
    }

    /// The presence that announces the interest; below zero, so that chat goes elsewhere.
    package var presence: Stanza {
        let priority = Element("priority", Namespace.client, text: "-1")
        return Stanza(.presence, [priority] + [capabilities?.element].compactMap { $0 })
    }
}
