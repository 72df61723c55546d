/// One entry that answers a query, in a message of its own (XEP-0313 §4.2).
package struct ArchiveResult: Sendable, Hashable {
    private static let forward = "urn:xmpp:forward:0"

    /// The query's own id, where it had one.
    package var queryID: String?
    /// The id of the entry in the archive.
    package var id: String
    /// When it was published.
    package var stamp: Instant
    /// The notification as subscribers got it (XEP-0442 §3): one `<event/>` with one item.
    package var event: Element

    package init(queryID: String? = nil, id: String, stamp: Instant, event: Element) {
        self.queryID = queryID
        self.id = id
        self.stamp = stamp
        self.event = event
    }
}

extension ArchiveResult {
    /// The `<result/>`.
    ///
    /// The forwarded message has no addresses: XEP-0442 §3 leaves them optional, and the message
    /// around it has them.
    package var element: Element {
        let message = Element("message", Namespace.client, [event])
        let forwarded = Element("forwarded", Self.forward, [Delay.element(stamp: stamp), message])
        var result = Element("result", ArchiveQuery.namespace, [forwarded])
        result["queryid"] = queryID
        result["id"] = id
        return result
    }

    /// Reads a `<result/>`; nil when it is none, or forwards no notification with a time.
    package init?(_ result: Element) {
        guard result.matches("result", ArchiveQuery.namespace), let id = result["id"],
            let forwarded = result.child("forwarded", Self.forward),
            let stamp = forwarded.child("delay", Namespace.delay)?["stamp"],
            let moment = Instant(dateTime: stamp),
            let event = forwarded.child("message", Namespace.client)?
                .child("event", Namespace.pubsubEvent)
        else { return nil }
        self.init(queryID: result["queryid"], id: id, stamp: moment, event: event)
    }
}

/// What ends an answer (XEP-0313 §4.3.2).
package struct ArchiveEnd: Sendable, Hashable {
    /// Whether nothing further follows in the direction that was asked for.
    package var isComplete: Bool
    package var page: ResultSetAnswer

    package init(isComplete: Bool, page: ResultSetAnswer) {
        self.isComplete = isComplete
        self.page = page
    }

    /// The `<fin/>`.
    package var element: Element {
        var end = Element("fin", ArchiveQuery.namespace, [page.element])
        if isComplete { end["complete"] = "true" }
        return end
    }

    /// Reads a `<fin/>`; nil when it is none.
    package init?(_ end: Element) {
        guard end.matches("fin", ArchiveQuery.namespace) else { return nil }
        isComplete = end["complete"] == "true" || end["complete"] == "1"
        let set = end.child("set", ResultSetRequest.namespace)
        page = set.flatMap(ResultSetAnswer.init) ?? ResultSetAnswer()
    }
}

/// The two ends of an archive (XEP-0313 §5).
package struct ArchiveMetadata: Sendable, Hashable {
    /// The oldest and the newest entry; nil for an archive without any.
    package var ends: Ends?

    package init(_ ends: Ends? = nil) {
        self.ends = ends
    }

    /// The oldest and the newest entry, the same where there is only one.
    package struct Ends: Sendable, Hashable {
        package var oldest: Entry
        package var newest: Entry

        package init(oldest: Entry, newest: Entry) {
            self.oldest = oldest
            self.newest = newest
        }
    }

    /// An entry without its content.
    package struct Entry: Sendable, Hashable {
        package var id: String
        package var stamp: Instant

        package init(id: String, stamp: Instant) {
            self.id = id
            self.stamp = stamp
        }

        fileprivate func element(_ name: String) -> Element {
            Element(
                name,
                ArchiveQuery.namespace,
                attributes: [.init("id", id), .init("timestamp", stamp.dateTime)]
            )
        }
    }

    /// Whether `element` asks for it; it then names the node in `node`, as a query does.
    package static func isRequest(_ element: Element) -> Bool {
        element.matches("metadata", ArchiveQuery.namespace)
    }

    /// The `<metadata/>` of the answer.
    package func element(node: String? = nil) -> Element {
        var metadata = Element("metadata", ArchiveQuery.namespace)
        metadata["node"] = node
        if let ends {
            metadata.append(ends.oldest.element("start"))
            metadata.append(ends.newest.element("end"))
        }
        return metadata
    }
}
