import ArgumentParser
import Foundation
import Modules
import XMPP

/// The ways between the server's processes.
struct LinksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "links",
        abstract: "List the links to the server's other processes, and what is on them.",
        discussion: """
            Works on each process: the router, the one for other servers, the one for components. \
            What is under way is stanzas of which it is not known yet what became of them.

            EXAMPLES
              lapwingctl links
              lapwingctl links --config /etc/lapwing/s2s.toml
              lapwingctl links --json
            """
    )

    @OptionGroup var server: ServerOptions

    @Flag(name: .long, help: "Print a JSON array.")
    var json = false

    func run() async throws {
        let reply = try await Operator.ask(.links, of: server.target())
        guard case .links(let links) = reply else { throw Failure.unexpected }
        if json { return try Output.json(links.map(Row.init)) }
        if links.isEmpty { Output.line("this server has no other processes") }
        for link in links {
            Output.line("\(link.name): \(link.line)")
            Output.line("  " + link.counts.map { "\($0.value) \($0.name)" }.joined(separator: ", "))
        }
    }
}

extension LinkStatus {
    fileprivate var line: String {
        guard let address else { return "down" }
        var parts = [isUp ? "up" : "coming up", address]
        if let tls { parts.append(tls) }
        if let since { parts.append("since \(since.dateTime)") }
        return parts.joined(separator: ", ")
    }
}

/// A link as JSON.
private struct Row: Encodable {
    var name: String
    var up: Bool
    var address: String?
    var tls: String?
    var since: String?
    var counts: [String: Int]

    init(_ link: LinkStatus) {
        name = link.name
        up = link.isUp
        address = link.address
        tls = link.tls
        since = link.since?.dateTime
        counts = Dictionary(link.counts.map { ($0.name, $0.value) }) { first, _ in first }
    }
}
