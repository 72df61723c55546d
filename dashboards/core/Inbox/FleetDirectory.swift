import Telemetry
import XMPP

/// Reads what the fleet service tells, and remembers whose names its nodes bear.
struct FleetDirectory: Sendable {
    private let domain: String
    private var addresses: [String: Address] = [:]
    /// Hosts of which the service said whether they are there.
    private var placed: Set<JID> = []

    private struct Address: Sendable {
        /// The text that it was read from, not to read it again.
        var text: String?
        var jid: JID
    }

    init(domain: String) {
        self.domain = domain
    }

    /// One thing that an event tells.
    enum News: Sendable {
        /// A host is there, or gone.
        case present(JID, Bool)
        /// An account is no longer a host.
        case dropped(JID)
        /// A message of a host, as its own account would have told.
        case told(JID, Message)
        case cleared(Message)
    }

    /// A node of the service that matters here; the others gather what the mirrors tell.
    private enum Node {
        case mirror(name: String, MonitoringNode)
        case fleet

        init?(_ text: String) {
            let parts = text.split(
                separator: "/",
                maxSplits: 2,
                omittingEmptySubsequences: false
            )
            if parts == ["fleet"] {
                self = .fleet
            } else if parts.count == 3, parts[0] == "host", !parts[1].isEmpty,
                let node = MonitoringNode(rawValue: String(parts[2]))
            {
                self = .mirror(name: String(parts[1]), node)
            } else {
                return nil
            }
        }
    }

    /// The node that gathers the logs of all hosts.
    static let log = "events"

    /// How the names of a host's mirrors begin.
    static func mirrors(of name: String) -> String { "host/" + name + "/" }

    /// Whether the service said of a host if it is there.
    func places(_ host: JID) -> Bool { placed.contains(host) }
}

extension FleetDirectory {
    mutating func read(_ event: Element, sent: Instant?) -> [News] {
        var news: [News] = []
        for part in event.elements where part.namespace == event.namespace {
            guard let node = part["node"].flatMap({ Node($0) }) else { continue }
            switch (node, part.name) {
            case (.fleet, "items"): news += hosts(part)
            case (.mirror(let name, let node), "items"):
                news += items(part, name, node, sent: sent)
            case (.mirror(let name, let node), "purge"), (.mirror(let name, let node), "delete"):
                address(of: name).map { news.append(.cleared(.cleared($0, node))) }
            default: continue
            }
        }
        return news
    }

    private mutating func items(
        _ items: Element,
        _ name: String,
        _ node: MonitoringNode,
        sent: Instant?
    ) -> [News] {
        var news: [News] = []
        for item in Publication.entries(of: items) {
            guard let host = address(of: name, publisher: item["publisher"]) else { continue }
            for message in Publication.read(item, of: node, from: host, sent: sent) {
                if case .cleared = message {
                    news.append(.cleared(message))
                } else {
                    news.append(.told(host, message))
                }
            }
        }
        return news
    }

    private mutating func hosts(_ items: Element) -> [News] {
        var news: [News] = []
        for item in Publication.entries(of: items) {
            guard let name = item["id"] else { continue }
            if item.name == "retract" {
                guard let host = address(of: name) else { continue }
                addresses[name] = nil
                placed.remove(host)
                news.append(.dropped(host))
            } else if let payload = Publication.element(in: item),
                payload.matches("host", Namespace.lapwing),
                let host = address(of: name, publisher: payload["jid"]),
                let isUp = ["up": true, "gone": false][payload["state"] ?? ""]
            {
                if placed.count < Fleet.maximumHosts { placed.insert(host) }
                news.append(.present(host, isUp))
            }
        }
        return news
    }

    /// Reads the log of all hosts: the answer to a question for the items of ``log``.
    mutating func readLog(_ pubsub: Element) -> [News] {
        var news: [News] = []
        for items in pubsub.elements where items.matches("items", Namespace.pubsub) {
            guard items["node"] == Self.log else { continue }
            for item in Publication.entries(of: items) {
                // As of alerts, the id of an event across hosts may be HOST/ID.
                let parts = (item["id"] ?? "").split(separator: "/", maxSplits: 1)
                let name = parts.count == 2 ? String(parts[0]) : item["publisher"].flatMap(local)
                guard let name, let host = address(of: name, publisher: item["publisher"]) else {
                    continue
                }
                var own = item
                own["id"] = parts.last.map { String($0) }
                news += Publication.read(own, of: .events, from: host, sent: nil)
                    .map { .told(host, $0) }
            }
        }
        return news
    }

    private func local(_ publisher: String) -> String? {
        (try? JID(publisher))?.local
    }

    /// The account of the host of that name: the publisher where one is told, else the one that
    /// was told before, else the account of that name at our own domain.
    private mutating func address(of name: String, publisher: String? = nil) -> JID? {
        if let known = addresses[name], publisher == nil || publisher == known.text {
            return known.jid
        }
        let told = publisher.flatMap { try? JID($0) }?.bare
        let jid = told?.local == nil ? try? JID(name + "@" + domain) : told
        guard let jid, jid.local != nil, jid.isBare else { return nil }
        if addresses.count < Fleet.maximumHosts || addresses[name] != nil {
            addresses[name] = Address(text: publisher, jid: jid)
        }
        return jid
    }
}
