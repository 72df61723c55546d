import ArgumentParser
import Foundation
import Modules
import XMPP

/// What the server has to do with other servers.
struct FederationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "s2s",
        abstract: "List the streams to and from other servers, and what waits for whom.",
        discussion: """
            Says of each stream which way stanzas go, what proved the other end, and how many \
            stanzas are not known to have arrived; of each domain that cannot be reached why, and \
            when it is tried again.

            EXAMPLES
              lapwingctl s2s
              lapwingctl s2s example.net
              lapwingctl s2s --json
            """
    )

    @OptionGroup var server: ServerOptions

    @Argument(help: "Only this domain.")
    var domain: String?

    @Flag(name: .long, help: "Print a JSON object.")
    var json = false

    func run() async throws {
        let reply = try await Operator.ask(.federation, of: server.target())
        guard case .federation(var status) = reply else { throw Failure.unexpected }
        if let domain { status.domains.removeAll { $0.name != domain } }
        if json { return try Output.json(Row(status)) }
        for domain in status.domains { show(domain) }
        if status.domains.isEmpty { Output.line("there are no streams, and nothing waits") }
        let counts = status.counts.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
        Output.line("since the start: \(counts)")
    }

    private func show(_ domain: FederationStatus.Domain) {
        Output.line(domain.name ?? "(nothing proven yet)")
        for stream in domain.streams { Output.line("  " + stream.line) }
        if domain.waiting > 0 { Output.line("  waiting: \(domain.waiting) stanzas") }
        guard let failure = domain.failure else { return }
        let next = domain.nextAttempt.map { "; tried again from \($0.dateTime) on" } ?? ""
        Output.line("  failed: \(failure)\(next)")
    }
}

extension FederationStatus.Stream {
    fileprivate var line: String {
        var parts = ["\(direction) (opened by \(opener))", phase]
        if let address { parts.append(address) }
        parts.append(tls ?? "not encrypted")
        if let proof { parts.append("proven by \(proof)") }
        if !domains.isEmpty { parts.append("for \(domains.joined(separator: ", "))") }
        parts.append("since \(since.dateTime)")
        if unsettled > 0 {
            parts.append("\(unsettled) \(isAcknowledged ? "not acknowledged" : "of unknown fate")")
        } else if isAcknowledged {
            parts.append("all acknowledged")
        }
        return parts.joined(separator: ", ")
    }
}

/// The status as JSON.
private struct Row: Encodable {
    var counts: [String: Int]
    var domains: [Domain]

    struct Domain: Encodable {
        var name: String?
        var waiting: Int
        var failure: String?
        var nextAttempt: String?
        var streams: [Stream]
    }

    struct Stream: Encodable {
        var direction: String
        var phase: String
        var opener: String
        var proof: String?
        var tls: String?
        var address: String?
        var domains: [String]
        var since: String
        var acknowledged: Bool
        var unsettled: Int
    }

    init(_ status: FederationStatus) {
        counts = Dictionary(status.counts.map { ($0.name, $0.value) }) { first, _ in first }
        domains = status.domains.map { domain in
            Domain(
                name: domain.name,
                waiting: domain.waiting,
                failure: domain.failure,
                nextAttempt: domain.nextAttempt?.dateTime,
                streams: domain.streams.map(Stream.init)
            )
        }
    }
}

extension Row.Stream {
    init(_ stream: FederationStatus.Stream) {
        self.init(
            direction: stream.direction,
            phase: stream.phase,
            opener: stream.opener,
            proof: stream.proof,
            tls: stream.tls,
            address: stream.address,
            domains: stream.domains,
            since: stream.since.dateTime,
            acknowledged: stream.isAcknowledged,
            unsettled: stream.unsettled
        )
    }
}
