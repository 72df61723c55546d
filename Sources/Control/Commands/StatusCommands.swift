import ArgumentParser
import Foundation
import Modules
import XMPP

/// Which monitored hosts are there.
struct Hosts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the monitored hosts (the accounts in the group hosts), up or down."
    )

    @OptionGroup var server: ServerOptions

    @Flag(name: .long, help: "Print a JSON array.")
    var json = false

    func run() async throws {
        let reply = try await Operator.ask(.hosts, of: server.target())
        guard case .hosts(let hosts) = reply else { throw Failure.unexpected }
        if json { return try Output.json(hosts.map(Row.init)) }
        let width = hosts.map { "\($0.jid)".count }.max() ?? 0
        for host in hosts {
            let name = "\(host.jid)".padding(toLength: width, withPad: " ", startingAt: 0)
            let since = host.since.map { " since \($0.dateTime)" } ?? ""
            Output.line("\(name)  \(host.isUp ? "up" : "down")\(since)")
        }
    }

    private struct Row: Encodable {
        var jid: String
        var up: Bool
        var since: String?

        init(_ host: HostState) {
            jid = host.jid.description
            up = host.isUp
            since = host.since?.dateTime
        }
    }
}

/// Whether the server runs, and what it carries.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the server runs, and what it carries."
    )

    @OptionGroup var server: ServerOptions

    @Flag(name: .long, help: "Print a JSON object.")
    var json = false

    func run() async throws {
        let reply = try await Operator.ask(.status, of: server.target())
        guard case .status(let status) = reply else { throw Failure.unexpected }
        if json { return try Output.json(Row(status)) }
        Output.line("Lapwing \(status.version) is running as process \(status.processID)")
        let lines =
            status.domains.map { ("domain", $0) } + [("started", status.started.dateTime)]
            + status.counts.map { ($0.name, "\($0.value)") }
        let width = lines.map(\.0.count).max() ?? 0
        for (name, value) in lines {
            Output.line(name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + value)
        }
    }

    private struct Row: Encodable {
        var version: String
        /// The first; older scripts know it alone.
        var domain: String
        var domains: [String]
        var pid: Int
        var started: String
        var counts: [String: Int]

        init(_ status: ServerStatus) {
            version = status.version
            domain = status.domains.first ?? ""
            domains = status.domains
            pid = status.processID
            started = status.started.dateTime
            counts = Dictionary(status.counts.map { ($0.name, $0.value) }) { first, _ in first }
        }
    }
}
