package import XMPP

/// What the server has to do with other servers, for its operator.
package struct FederationStatus: Sendable, Hashable {
    package var domains: [Domain]
    /// Counts by name since the start, in the order to show them.
    package var counts: [ServerStatus.Count]

    package init(domains: [Domain] = [], counts: [ServerStatus.Count] = []) {
        self.domains = domains
        self.counts = counts
    }

    /// One other domain.
    package struct Domain: Sendable, Hashable {
        /// Nil for streams that have proven nothing yet.
        package var name: String?
        package var streams: [Stream]
        /// Stanzas that wait to be written.
        package var waiting: Int
        /// Why the last stream that failed did.
        package var failure: String?
        /// When the next stanza will make another attempt.
        package var nextAttempt: Instant?

        package init(
            name: String?,
            streams: [Stream] = [],
            waiting: Int = 0,
            failure: String? = nil,
            nextAttempt: Instant? = nil
        ) {
            self.name = name
            self.streams = streams
            self.waiting = waiting
            self.failure = failure
            self.nextAttempt = nextAttempt
        }
    }

    /// One stream to or from it.
    package struct Stream: Sendable, Hashable {
        /// `in`, `out` or `both`: which way stanzas go.
        package var direction: String
        /// `opening`, `open` or `closing`.
        package var phase: String
        /// Who opened it: `us` or `them`.
        package var opener: String
        /// What proved it, in words; nil before that.
        package var proof: String?
        /// The version of TLS; nil in the clear.
        package var tls: String?
        /// The other end in numbers.
        package var address: String?
        /// Our domains whose stanzas it carries.
        package var domains: [String]
        package var since: Instant
        /// Whether the peer acknowledges stanzas.
        package var isAcknowledged: Bool
        /// Stanzas that were written and are not known to have arrived.
        package var unsettled: Int

        package init(
            direction: String,
            phase: String,
            opener: String,
            proof: String?,
            tls: String?,
            address: String?,
            domains: [String],
            since: Instant,
            isAcknowledged: Bool,
            unsettled: Int
        ) {
            self.direction = direction
            self.phase = phase
            self.opener = opener
            self.proof = proof
            self.tls = tls
            self.address = address
            self.domains = domains
            self.since = since
            self.isAcknowledged = isAcknowledged
            self.unsettled = unsettled
        }
    }
}

// MARK: - Syntax

extension FederationStatus {
    var element: Element {
        ControlSyntax.element(
            "federation",
            [:],
            counts.map(\.element) + domains.map(\.element)
        )
    }

    init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init()
        for child in element.elements {
            switch child.name {
            case "count": counts.append(try ServerStatus.Count(reading: child))
            case "domain": domains.append(try Domain(reading: child))
            // A later server may tell more.
            default: continue
            }
        }
    }
}

extension FederationStatus.Domain {
    fileprivate var element: Element {
        ControlSyntax.element(
            "domain",
            [
                "name": name, "waiting": "\(waiting)", "failure": failure,
                "next": nextAttempt.map { "\($0.milliseconds)" },
            ],
            streams.map(\.element)
        )
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(
            name: element["name"],
            waiting: try element.number("waiting"),
            failure: element["failure"],
            nextAttempt: element["next"].flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        )
        for child in element.elements where child.name == "stream" {
            streams.append(try FederationStatus.Stream(reading: child))
        }
    }
}

extension FederationStatus.Stream {
    fileprivate var element: Element {
        ControlSyntax.element(
            "stream",
            [
                "direction": direction, "phase": phase, "opener": opener, "proof": proof,
                "tls": tls, "address": address, "since": "\(since.milliseconds)",
                "acknowledged": isAcknowledged ? "true" : "false", "unsettled": "\(unsettled)",
            ],
            domains.map { ControlSyntax.element("for", ["domain": $0]) }
        )
    }

    fileprivate init(reading element: Element) throws(ControlSyntax.Mismatch) {
        self.init(
            direction: try element.required("direction"),
            phase: try element.required("phase"),
            opener: try element.required("opener"),
            proof: element["proof"],
            tls: element["tls"],
            address: element["address"],
            domains: [],
            since: Instant(milliseconds: Int64(try element.number("since"))),
            isAcknowledged: element["acknowledged"] == "true",
            unsettled: try element.number("unsettled")
        )
        for child in element.elements where child.name == "for" {
            domains.append(try child.required("domain"))
        }
    }
}
