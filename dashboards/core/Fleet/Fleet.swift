package import Telemetry
package import XMPP

/// All hosts and what happened to them lately.
package struct Fleet: Sendable {
    /// Hosts kept: past this, further ones are counted only.
    ///
    /// Each costs up to 95 KB of histories.
    package static let maximumHosts = 2000
    /// Events kept over all hosts: a few screens to page through.
    package static let maximumEvents = 500

    package private(set) var hosts: [JID: Host] = [:]
    /// The last events, newest first.
    package private(set) var events: [LoggedEvent] = []
    /// Hosts past ``maximumHosts``, which are not shown.
    package private(set) var omitted: Set<JID> = []

    package init() {}

    /// An event with the host that it is of.
    package struct LoggedEvent: Sendable, Hashable {
        package var host: JID
        package var item: String
        package var event: Event
    }

    /// An open alert with the host that it is of.
    package struct OpenAlert: Sendable, Hashable {
        package var host: JID
        package var alert: Alert
    }

    /// The open alerts of all hosts, worst first, then newest first.
    package var openAlerts: [OpenAlert] {
        let all = hosts.values.flatMap { host in
            host.alerts.map { OpenAlert(host: host.jid, alert: $0) }
        }
        return all.sorted { left, right in
            if left.alert.level != right.alert.level { return left.alert.level > right.alert.level }
            if left.alert.since != right.alert.since { return left.alert.since > right.alert.since }
            return (left.host.description, left.alert.id)
                < (right.host.description, right.alert.id)
        }
    }

    /// How many hosts are in each state.
    package func count(_ state: Host.State, at now: Instant, isOnline: Bool) -> Int {
        hosts.values.count { $0.state(at: now, isOnline: isOnline) == state }
    }

    /// The worst level of all hosts; nil without any.
    package func worstLevel(at now: Instant, isOnline: Bool) -> Level? {
        hosts.values.map { $0.effectiveLevel(at: now, isOnline: isOnline) }.max()
    }
}

// MARK: - What arrives

extension Fleet {
    /// Whether there is room for a host, or it is known.
    private mutating func admit(_ jid: JID, at now: Instant) -> Bool {
        if hosts[jid] != nil { return true }
        guard hosts.count < Self.maximumHosts else {
            // The set of the omitted is bounded as well; past that they are not even counted.
            if omitted.count < Self.maximumHosts { omitted.insert(jid) }
            return false
        }
        hosts[jid] = Host(jid, at: now)
        return true
    }

    mutating func list(_ jid: JID, at now: Instant) {
        _ = admit(jid, at: now)
    }

    mutating func unlist(_ jid: JID) {
        hosts[jid] = nil
        omitted.remove(jid)
        events.removeAll { $0.host == jid }
    }

    /// Takes what presence says of a host; false when it is nothing else than before.
    mutating func presence(
        of jid: JID,
        _ availability: Host.Availability,
        at now: Instant
    ) -> Bool {
        guard admit(jid, at: now), hosts[jid]?.availability != availability else { return false }
        hosts[jid]?.becomes(availability, at: now)
        return true
    }

    /// Takes a report; false when it brought nothing.
    @discardableResult
    mutating func receive(_ report: Report, at now: Instant) -> Bool {
        guard admit(report.host, at: now) else { return false }
        if case .event(let event) = report.payload, report.node == .events {
            return log(event, item: report.item ?? event.itemID, of: report.host)
        }
        return hosts[report.host]?.receive(report, at: now) ?? false
    }

    /// Takes what an archive tells of a host that is known.
    mutating func recall(
        _ aggregates: [Aggregate],
        of node: MonitoringNode,
        _ jid: JID,
        at now: Instant
    ) {
        hosts[jid]?.recall(aggregates, of: node, at: now)
    }

    mutating func clear(_ node: MonitoringNode, of jid: JID) {
        hosts[jid]?.clear(node)
    }

    /// Our own connection is gone, and with it all knowledge of who is there.
    mutating func forgetPresence(at now: Instant) {
        for jid in hosts.keys { hosts[jid]?.becomes(.unseen, at: now) }
    }

    /// We are connected: who is there will be told at once.
    mutating func awaitPresence(at now: Instant) {
        for jid in hosts.keys { hosts[jid]?.awaitPresence(at: now) }
    }

    private mutating func log(_ event: Event, item: String, of jid: JID) -> Bool {
        guard !events.contains(where: { $0.item == item && $0.host == jid }) else { return false }
        let place = events.firstIndex { $0.event.at <= event.at } ?? events.count
        guard place < Self.maximumEvents else { return false }
        events.insert(LoggedEvent(host: jid, item: item, event: event), at: place)
        if events.count > Self.maximumEvents { events.removeLast() }
        return true
    }
}
