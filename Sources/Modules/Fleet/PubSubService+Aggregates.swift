import Telemetry
import XMPP

// The nodes about all hosts: who is up, the open alerts, the log.
extension PubSubService {
    /// A host's node holds another item: what follows for the nodes about all hosts.
    mutating func aggregate(
        _ record: ItemRecord,
        of node: MonitoringNode,
        _ host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        switch node {
        case .summary:
            guard let payload = record.payload else { return }
            setLevel(Level(ofPayload: payload), of: host, at: now, &effects)
        case .alertsCritical, .alertsWarning, .alertsInfo:
            guard let payload = record.payload, let level = node.alertLevel,
                let element = try? Element(parsing: payload),
                // What cannot be read says nothing: what was open stays open.
                let list = try? AlertList(element)
            else { return }
            show(list.alerts, level, of: host, at: record.published, &effects)
        case .events: log(record, of: host, &effects)
        default: break
        }
    }

    /// A host's item is gone; all of its node where no id is given.
    mutating func disaggregate(
        _ id: String?,
        of node: MonitoringNode,
        _ host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        let rest = nodes[FleetBook.mirror(of: node, host)]?.items
        switch node {
        case .summary where rest?.isEmpty != false:
            setLevel(.unknown, of: host, at: now, &effects)
        case .alertsCritical, .alertsWarning, .alertsInfo:
            guard rest?.isEmpty != false, let level = node.alertLevel else { return }
            show([], level, of: host, at: now, &effects)
        case .events:
            if let id {
                retract(FleetBook.id(of: id, host), from: FleetBook.events, host, &effects)
            } else {
                forgetEvents(of: host)
            }
        default: break
        }
    }

    private mutating func setLevel(
        _ level: Level,
        of host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        guard let known = fleet.hosts[host], known.level != level else { return }
        fleet.hosts[host]?.level = level
        showStatus(of: host, at: now, &effects)
    }

    /// Says how a host is doing, where that is something else than before.
    mutating func showStatus(
        of host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        guard let known = fleet.hosts[host], let name = host.local else { return }
        let status = HostStatus(
            name: name,
            jid: host,
            state: known.isUp ? .up : .gone,
            level: known.level,
            at: now,
            since: known.since
        )
        publish(name, status.element.serialized(), on: FleetBook.fleet, host, at: now, &effects)
    }

    /// The alerts of a level that are open on a host, in the place of those that were.
    private mutating func show(
        _ alerts: [Alert],
        _ level: Level,
        of host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        guard let known = fleet.hosts[host], let name = host.local else { return }
        let node = FleetBook.alerts(level)
        var open: [String] = []
        for alert in alerts where alert.state == .firing {
            var alert = alert
            alert.level = level
            let id = FleetBook.id(of: alert.id, host)
            let payload = alert.element(of: name).serialized()
            open.append(id)
            guard nodes[node]?.items[id]?.payload != .bytes(payload) else { continue }
            publish(id, payload, on: node, host, at: now, &effects)
        }
        fleet.hosts[host]?.alerts[level] = open.isEmpty ? nil : open
        let ended = Set(known.alerts[level] ?? []).subtracting(open)
        for id in ended.sorted() { retract(id, from: node, host, &effects) }
    }

    private mutating func publish(
        _ id: String,
        _ payload: [UInt8]?,
        on name: String,
        _ host: JID,
        at time: Instant,
        _ effects: inout [PubSubEffect]
    ) {
        nodes[name]?.items.add(
            .init(
                id: id,
                publisher: host,
                published: time,
                payload: payload.map { .bytes($0) } ?? .absent
            )
        )
        let record = ItemRecord(id: id, publisher: host, published: time, payload: payload)
        notify(of: publication(of: record, on: name), about: host, &effects)
    }

    /// What ended is always told: who was shown an item has to know that it is over.
    mutating func retract(
        _ id: String,
        from name: String,
        _ host: JID,
        _ effects: inout [PubSubEffect]
    ) {
        guard nodes[name]?.items.remove(id) != nil else { return }
        notify(of: PubSubEvent(name, .retract(id)), about: host, &effects)
    }
}

// MARK: - The log

extension PubSubService {
    private mutating func log(
        _ record: ItemRecord,
        of host: JID,
        _ effects: inout [PubSubEffect]
    ) {
        let id = FleetBook.id(of: record.id, host)
        let time = record.published
        publish(id, record.payload, on: FleetBook.events, host, at: time, &effects)
        boundEvents()
    }

    private mutating func boundEvents() {
        _ = nodes[FleetBook.events]?.items.trim(to: FleetBook.eventsMaximum)
        // Asked anew each time: a copy that is held would copy the log on the next change.
        while let count = nodes[FleetBook.events]?.items.count, count > 1,
            nodes[FleetBook.events]?.items.bytesInMemory ?? 0 > FleetBook.eventBytesMaximum
        {
            _ = nodes[FleetBook.events]?.items.trim(to: count - 1)
        }
    }

    /// A log only forgets: nobody is told.
    mutating func forgetEvents(of host: JID) {
        fleet.gathered.removeAll { $0.publisher == host }
        let ids = nodes[FleetBook.events]?.items.latest(.max).filter { $0.publisher == host }
        for item in ids ?? [] { nodes[FleetBook.events]?.items.remove(item.id) }
    }

    /// A host's items, when it is made known, find their way into the nodes about all hosts.
    ///
    /// Those that are on the disk alone are read first.
    mutating func gather(
        _ items: [ItemLog.Item],
        of node: MonitoringNode,
        _ host: JID,
        at now: Instant,
        _ effects: inout [PubSubEffect],
        _ told: inout [PubSubEffect]
    ) {
        if node == .events {
            guard !items.isEmpty else { return }
            if fleet.gathered.isEmpty {
                let due = Instant(
                    milliseconds: now.milliseconds &+ FleetBook.gatheringMilliseconds
                )
                schedule.add(.gatherEvents, at: due)
            }
            for item in items.suffix(FleetBook.eventsMaximum) {
                fleet.gathered.append(
                    .init(
                        id: FleetBook.id(of: item.id, host),
                        publisher: host,
                        published: item.published,
                        payload: item.payload
                    )
                )
            }
            return
        }
        guard let newest = items.last, node == .summary || node.alertLevel != nil else {
            return disaggregate(nil, of: node, host, at: now, &told)
        }
        if newest.payload == .stored {
            effects.append(.load(request(for: [newest.id], of: node, host)))
        } else {
            aggregate(newest.record, of: node, host, at: now, &told)
        }
    }

    private func request(
        for ids: [String],
        of node: MonitoringNode,
        _ host: JID
    ) -> LoadRequest {
        LoadRequest(
            node: FleetBook.mirror(of: node, host),
            items: ids,
            purpose: .aggregate(node, of: host)
        )
    }

    /// Sorts the hosts' older events into the log, and has those read that will stay in it.
    mutating func sortEventsIn() -> [PubSubEffect] {
        var known: [String: ItemLog.Item] = [:]
        let present = nodes[FleetBook.events]?.items.latest(.max) ?? []
        for item in fleet.gathered { known[item.id] = item }
        for item in present { known[item.id] = item }
        fleet.gathered = []
        let newest = known.values
            .sorted { ($0.published, $0.id) < ($1.published, $1.id) }
            .suffix(FleetBook.eventsMaximum)
        var log = ItemLog()
        var missing: [JID: [String]] = [:]
        for item in newest {
            log.add(item)
            guard item.payload == .stored else { continue }
            let prefix = FleetBook.id(of: "", item.publisher)
            missing[item.publisher, default: []].append(String(item.id.dropFirst(prefix.count)))
        }
        nodes[FleetBook.events]?.items = log
        boundEvents()
        return missing.map { .load(request(for: $0.value, of: .events, $0.key)) }
    }

    /// Takes payloads that were read for the nodes about all hosts.
    mutating func aggregate(
        _ loaded: LoadedItems,
        of node: MonitoringNode,
        _ host: JID,
        at now: Instant
    ) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        guard fleet.hosts[host] != nil else { return [] }
        if node == .events {
            for (id, payload) in loaded.payloads {
                nodes[FleetBook.events]?.items.fill(FleetBook.id(of: id, host), payload)
            }
            boundEvents()
        } else if let newest = nodes[FleetBook.mirror(of: node, host)]?.items.newest,
            let payload = loaded.payloads[newest.id]
        {
            var record = newest.record
            record.payload = payload
            aggregate(record, of: node, host, at: now, &effects)
        }
        return effects
    }
}

extension MonitoringNode {
    /// The level of the alerts that the node lists.
    var alertLevel: Level? {
        Level.alerting.first { MonitoringNode.alerts($0) == self }
    }
}
