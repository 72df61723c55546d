package import Telemetry

/// The nodes of hosts as the server knows them: by their names.
package enum MonitoringNodes {
    private static let byName = Dictionary(
        MonitoringNode.allCases.map { ($0.name, $0) }
    ) { first, _ in first }

    /// The node of that name; nil where it is none of a host's.
    package static func node(named name: String) -> MonitoringNode? {
        byName[name]
    }

    /// How durable a host's nodes are, by their names: a policy of the server and no option of the
    /// publisher's.
    ///
    /// A crash may lose the last second of samples, which the next second brings again; never an
    /// alert, nor anything else that was acknowledged.
    package static let durability: @Sendable (String) -> Durability = { name in
        node(named: name)?.isWrittenBehind == true ? .behind : .immediate
    }
}

extension MonitoringNode {
    /// Whether its items reach the disk after the reply.
    package var isWrittenBehind: Bool { isGroup || self == .late }
}
