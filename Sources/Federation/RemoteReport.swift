package import XMPP

/// What is known of one other domain, for people.
package struct RemoteReport: Sendable, Equatable {
    package struct Stream: Sendable, Equatable {
        package enum Phase: Sendable, Equatable {
            case opening, open, closing
        }

        package let id: PeerID
        package let isOurs: Bool
        /// Whether it is for dialback's questions alone.
        package let isForQuestions: Bool
        package let phase: Phase
        /// Which way stanzas go.
        package let direction: FederationDirection
        /// Nil before a pair is proven.
        package let proof: FederationProof?
        package let pairs: [DomainPair]
        package let since: Instant
        /// Of a peer that has come to us.
        package let address: String?
        /// Whether the peer acknowledges.
        package let isAcknowledged: Bool
        /// Stanzas that were written and are not known to have arrived.
        package let unsettled: Int
    }

    /// Nil for the streams that have proven nothing yet.
    package let domain: String?
    package let streams: [Stream]
    /// Stanzas that wait, and their bytes in memory.
    package let stanzas: Int
    package let bytes: Int
    /// Questions that wait for the domain's answers.
    package let questions: Int
    /// Why the last stream that failed did, in words.
    package let lastFailure: String?
    /// When the next stanza makes another attempt, or would have: behind a failure alone.
    package let nextAttempt: Instant?
}

extension RemoteTable {
    /// What is known of every domain, by name; in front the streams that have proven nothing.
    package var report: [RemoteReport] {
        let unproven = streams.filter { $0.value.origin == .theirs && $0.value.pairs.isEmpty }
        var reports: [RemoteReport] = []
        if !unproven.isEmpty { reports.append(report(nil, RemoteDomain(Array(unproven.keys)))) }
        for (name, domain) in domains.sorted(by: { $0.key < $1.key }) {
            reports.append(report(name, domain))
        }
        return reports
    }

    private func report(_ name: String?, _ domain: RemoteDomain) -> RemoteReport {
        let pauses = domain.locals.compactMap { local in
            pairs[DomainPair(local: local, remote: name ?? "")]?.backoff
        }
        let pause = domain.backoff ?? pauses.min { $0.until < $1.until }
        let failure = domain.lastFailure ?? pause?.failure
        return RemoteReport(
            domain: name,
            streams: domain.streams.sorted { $0.number < $1.number }.compactMap(report),
            stanzas: domain.stanzas,
            bytes: domain.bytes,
            questions: domain.questions,
            lastFailure: failure?.summary,
            nextAttempt: pause?.until
        )
    }

    private func report(_ id: PeerID) -> RemoteReport.Stream? {
        guard let stream = streams[id] else { return nil }
        let phase: RemoteReport.Stream.Phase =
            switch stream.phase {
            case .opening: .opening
            case .open: .open
            case .closing: .closing
            }
        return RemoteReport.Stream(
            id: id,
            isOurs: stream.origin != .theirs,
            isForQuestions: stream.isForQuestions,
            phase: phase,
            direction: stream.direction,
            proof: stream.proof,
            pairs: stream.pairs,
            since: stream.since,
            address: stream.address,
            isAcknowledged: stream.written.isAcknowledged,
            unsettled: stream.written.count
        )
    }
}
