import Telemetry
import XMPP

/// What the fleet service knows of the hosts beside the items of its nodes.
struct FleetBook: Sendable {
    /// Items of `events`: enough for a day of a thousand calm hosts.
    static let eventsMaximum = 1_000
    /// Bytes of the payloads of `events`, which have no copy in memory elsewhere.
    static let eventBytesMaximum = 1024 * 1024
    /// How long after a host is made known its older events join the others, in milliseconds: when
    /// the server starts, a thousand come at once and are sorted in together.
    static let gatheringMilliseconds: Int64 = 1_000

    /// One host.
    struct Host: Sendable {
        var isUp: Bool
        /// When it came or went.
        var since: Instant
        var level = Level.unknown
        /// The ids of its items on the node of each level's alerts.
        var alerts: [Level: [String]] = [:]
    }

    var hosts: [JID: Host] = [:]
    /// What all mirrors are set to.
    var configuration: SharedConfiguration?
    /// Names under which the store has nodes that are none any more.
    var orphans: [String] = []
    /// Events from before their hosts were made known.
    var gathered: [ItemLog.Item] = []

    /// The ids of a host's items on a node about all hosts, but the log.
    func ids(of host: JID, on node: String) -> [String] {
        guard let known = hosts[host] else { return [] }
        if node == Self.fleet { return [host.local ?? ""] }
        return Level.alerting.first { Self.alerts($0) == node }.flatMap { known.alerts[$0] } ?? []
    }

    // MARK: Names of nodes

    static let fleet = "fleet"
    static let events = "events"
    static let prefix = "host/"

    static func alerts(_ level: Level) -> String { "alerts/" + level.rawValue }

    /// The nodes that are about all hosts.
    static let aggregates = [fleet, events] + Level.alerting.map(alerts)

    static func mirror(of node: MonitoringNode, _ host: JID) -> String {
        prefix + (host.local ?? "") + "/" + node.rawValue
    }

    /// The host's name and the node that a mirror is of.
    static func original(of mirror: String) -> (host: String, node: MonitoringNode)? {
        let parts = mirror.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] + "/" == prefix,
            let node = MonitoringNode(rawValue: String(parts[2]))
        else { return nil }
        return (String(parts[1]), node)
    }

    /// What an item of a host is called among those of all hosts.
    static func id(of item: String, _ host: JID) -> String {
        (host.local ?? "") + "/" + item
    }
}

extension Node {
    /// The node that this one mirrors: whose it is, and its name there.
    var original: (owner: JID, node: String)? {
        guard let host, let (_, node) = FleetBook.original(of: name) else { return nil }
        return (host, node.name)
    }

    /// Takes an item of the original, kept in memory as far as it is there.
    mutating func mirror(_ record: ItemRecord, of original: MonitoringNode, trimming: [String]) {
        let isLarge = (record.payload?.count ?? 0) > PubSubLimits.payloadInMemoryMaximum
        let payload: Payload =
            switch record.payload {
            case nil: .absent
            case .some where isLarge && !original.isWrittenBehind: .stored
            case .some(let bytes): .bytes(bytes)
            }
        for id in trimming { items.remove(id) }
        items.add(
            .init(
                id: record.id,
                publisher: record.publisher,
                published: record.published,
                payload: payload
            )
        )
        items.cool(
            keeping: original.isWrittenBehind ? PubSubLimits.payloadsInMemoryMaximum : 0
        )
    }
}
