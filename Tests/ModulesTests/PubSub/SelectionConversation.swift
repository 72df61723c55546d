import Testing
import XMPP

@testable import Modules

/// A host's nodes with subscribers who say what they want of them.
struct SelectionConversation {
    static let cpu = "urn:lapwing:1#cpu"

    var talk: NodesConversation
    private var count = 0

    init(_ nodes: String..., records: [NodeRecord] = []) throws {
        talk = NodesConversation(nodes: records)
        for node in nodes {
            _ = try talk.create(node, ["access_model": "open", "max_items": "10"])
        }
    }

    /// Subscribes, and says what the subscriber gets at once.
    @discardableResult
    mutating func subscribe(
        _ jid: String,
        _ node: String = cpu,
        _ options: (inout SubscriptionOptions) -> Void = { _ in }
    ) throws -> NodesConversation.Outcome {
        count += 1
        var record = SubscriptionRecord(id: "s\(count)", jid: try JID(jid))
        options(&record.options)
        set(record, on: node)
        talk.service.time = talk.now
        return talk.outcome(of: talk.service.lastItems(for: record, on: node, asked: record.jid))
    }

    /// Takes up a subscription, or its other options.
    mutating func set(_ record: SubscriptionRecord, on node: String = cpu) {
        _ = talk.service.update(node) { $0.subscriptions.save(record) }
        talk.service.subscribersChanged(of: node, record.jid)
    }

    mutating func remove(_ id: String, of jid: String, on node: String = cpu) throws {
        _ = talk.service.update(node) { $0.subscriptions.remove(id) }
        talk.service.subscribersChanged(of: node, try JID(jid))
    }

    /// Publishes a sample and says who is told, as `a@example.org: 1`.
    mutating func publish(
        _ values: [String: String] = [:],
        level: String = "ok",
        instances: [String: [String: String]] = [:],
        id: String = "current",
        node: String = cpu
    ) throws -> [String] {
        let payload = Self.sample(values, level: level, instances: instances)
        return try talk.publish(node, id, payload).told.map(Self.short)
    }

    mutating func retract(_ id: String = "current", node: String = cpu) throws -> [String] {
        try talk.set("<retract node='\(node)' notify='1'><item id='\(id)'/></retract>").told
            .map(Self.short)
    }

    /// Time passes, and what is due is done.
    mutating func wait(_ milliseconds: Int64) -> NodesConversation.Outcome {
        talk.now = talk.now + .milliseconds(milliseconds)
        return talk.outcome(of: talk.service.woke(at: talk.now))
    }

    mutating func wait(_ milliseconds: Int64) -> [String] {
        (wait(milliseconds) as NodesConversation.Outcome).told.map(Self.short)
    }

    static func short(_ told: String) -> String {
        told.replacing("@example.org", with: "").replacing(cpu + " ", with: "")
    }

    static func sample(
        _ values: [String: String],
        level: String = "ok",
        instances: [String: [String: String]] = [:]
    ) -> String {
        func write(_ values: [String: String]) -> String {
            values.sorted { $0.key < $1.key }.map { "<v n='\($0.key)'>\($0.value)</v>" }.joined()
        }
        let inner = instances.sorted { $0.key < $1.key }.map {
            "<i n='\($0.key)'>\(write($0.value))</i>"
        }
        return "<sample xmlns='urn:lapwing:1' level='\(level)'>\(write(values))"
            + "\(inner.joined())</sample>"
    }
}

extension NodesConversation.Outcome {
    /// Every message as `a: BODY`, with the markup of its headers.
    var written: [String] {
        notifications.flatMap { notification in
            notification.recipients.map {
                String(
                    decoding: notification.bytes.body.dropFirst(2) + $0.headers,
                    as: UTF8.self
                )
            }
        }
    }
}
