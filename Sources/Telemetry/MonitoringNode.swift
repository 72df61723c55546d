import XMPP

/// The nodes of a host's account: few and fixed, because `+notify` takes exact names.
package enum MonitoringNode: String, Sendable, Hashable, CaseIterable {
    case meta, summary
    case cpu, memory, pressure, disk, filesystem, network, process, sensor, service, check
    case alertsCritical = "alerts.critical"
    case alertsWarning = "alerts.warning"
    case alertsInfo = "alerts.info"
    case events, late

    /// The node's name in full: `urn:lapwing:1#cpu`.
    package var name: String { Self.prefix + rawValue }

    /// Reads a node's full name; nil when it is none of ours.
    package init?(name: some StringProtocol) {
        guard name.hasPrefix(Self.prefix) else { return nil }
        self.init(rawValue: String(name.dropFirst(Self.prefix.count)))
    }

    /// The node of the open alerts of a level; nil for levels that are no alert's.
    package static func alerts(_ level: Level) -> MonitoringNode? {
        switch level {
        case .critical: .alertsCritical
        case .warning: .alertsWarning
        case .info: .alertsInfo
        case .ok, .unknown: nil
        }
    }

    /// Whether the node holds one item, ``currentItem``, that is a full snapshot.
    package var isSingleton: Bool {
        self != .events && self != .late
    }

    /// Whether the node holds samples of one group of metrics.
    package var isGroup: Bool {
        switch self {
        case .summary, .cpu, .memory, .pressure, .disk, .filesystem, .network, .process, .sensor,
            .service, .check:
            true
        case .meta, .alertsCritical, .alertsWarning, .alertsInfo, .events, .late: false
        }
    }

    /// The item id of singletons.
    package static let currentItem = "current"

    private static let prefix = Namespace.lapwing + "#"
}
