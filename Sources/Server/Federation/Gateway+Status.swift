import Federation
import Modules
import Transport
import XMPP

// What lapwingctl shows.
extension Gateway {
    var status: FederationStatus {
        FederationStatus(
            domains: report.map { domain in
                FederationStatus.Domain(
                    name: domain.domain,
                    streams: domain.streams.map(status),
                    waiting: domain.stanzas,
                    failure: domain.lastFailure,
                    nextAttempt: domain.nextAttempt
                )
            },
            counts: [
                .init("written", Int(clamping: counts.sent)),
                .init("received", Int(clamping: counts.received)),
                .init("returned with an error", Int(clamping: counts.bounced)),
                .init("of unknown fate", Int(clamping: counts.unknown)),
            ]
        )
    }

    private func status(_ stream: RemoteReport.Stream) -> FederationStatus.Stream {
        let connection = connection(stream.id)
        return FederationStatus.Stream(
            direction: stream.direction.word,
            phase: "\(stream.phase)",
            opener: stream.isOurs ? "us" : "them",
            proof: stream.isForQuestions ? nil : stream.proof?.words,
            tls: connection?.tls?.version,
            address: connection.map { $0.target.map { "\($0)" } ?? $0.address },
            domains: stream.pairs.map(\.local).sorted(),
            since: stream.since,
            isAcknowledged: stream.isAcknowledged,
            unsettled: stream.unsettled
        )
    }
}

extension FederationDirection {
    var word: String {
        switch self {
        case .incoming: "in"
        case .outgoing: "out"
        case .both: "both"
        }
    }
}

extension FederationProof {
    var words: String {
        switch self {
        case .certificate(.authority): "its certificate"
        case .certificate(.dane): "its certificate, by DANE"
        case .certificate(.pin): "its certificate, by its fingerprint"
        case .dialback: "dialback"
        }
    }
}
