import Filter
import Telemetry
import XMPP

/// How far each number of a host goes, as its `meta` says.
struct MetricRanges: Sendable {
    /// Hosts of which it is remembered: reading it again costs a thousand times more.
    static let hostsMaximum = 10_000

    private let published: Instant
    private var widths: [String: Double] = [:]

    /// Reads an item of a `meta` node; what can't be read says nothing.
    init(_ payload: [UInt8], published: Instant) {
        self.published = published
        guard let element = try? Element(parsing: payload), let meta = try? Meta(element) else {
            return
        }
        for metric in meta.metrics {
            guard let range = metric.range else { continue }
            widths[Self.key(metric.group.rawValue, metric.name)] =
                range.upperBound - range.lowerBound
        }
    }

    func width(_ group: String, _ name: String) -> Double? { widths[Self.key(group, name)] }

    func isOf(_ item: ItemLog.Item) -> Bool { item.published == published }

    private static func key(_ group: String, _ name: String) -> String { group + "." + name }

    /// The node that tells of the numbers of another: `urn:lapwing:1#meta`, or `host/web1/meta`.
    static func node(for node: String) -> String {
        guard node.hasPrefix("host/") else { return MonitoringNode.meta.name }
        let host = node.split(separator: "/", omittingEmptySubsequences: false).dropFirst().first
        return "host/\(host ?? "")/\(MonitoringNode.meta.rawValue)"
    }
}

extension PubSubService {
    /// How far the number of a band goes; nil where that is not needed or not known.
    mutating func range(of rule: DeadbandRule, on node: String) -> Double? {
        guard case .percent = rule.band, case .metric(let group, let name, _) = rule.field else {
            return nil
        }
        let meta = MetricRanges.node(for: node)
        guard let item = nodes[meta]?.items.newest, case .bytes(let payload) = item.payload else {
            return nil
        }
        if let known = ranges[meta], known.isOf(item) { return known.width(group, name) }
        if ranges.count >= MetricRanges.hostsMaximum { ranges = [:] }
        let read = MetricRanges(payload, published: item.published)
        ranges[meta] = read
        return read.width(group, name)
    }
}
