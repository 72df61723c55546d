package import XMPP

/// The way to another process of the server, for its operator.
package struct LinkStatus: Sendable, Hashable {
    /// The other process.
    package var name: String
    /// Whether stanzas go over the link at the moment.
    package var isUp: Bool
    /// The other end of the connection; nil where there is none.
    package var address: String?
    /// The version of TLS; nil on a Unix socket.
    package var tls: String?
    /// Since when there is a connection.
    package var since: Instant?
    /// Counts by name since the start, in the order to show them.
    package var counts: [ServerStatus.Count]

    package init(
        name: String,
        isUp: Bool,
        address: String? = nil,
        tls: String? = nil,
        since: Instant? = nil,
        counts: [ServerStatus.Count] = []
    ) {
        self.name = name
        self.isUp = isUp
        self.address = address
        self.tls = tls
        self.since = since
        self.counts = counts
    }
}

// MARK: - Syntax

extension LinkStatus {
    var element: Element {
        ControlSyntax.element(
            "link",
            [
                "name": name, "up": isUp ? "true" : "false", "address": address, "tls": tls,
                "since": since.map { "\($0.milliseconds)" },
            ],
            counts.map(\.element)
        )
    }

    init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(
            name: try element.required("name"),
            isUp: element["up"] == "true",
            address: element["address"],
            tls: element["tls"],
            since: element["since"].flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        )
        for child in element.elements where child.name == "count" {
            counts.append(try ServerStatus.Count(reading: child))
        }
    }
}
