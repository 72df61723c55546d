import ArgumentParser
import Configuration
import Foundation
import Modules
import XMPP

/// Looks into the nodes.
struct PubSubCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pubsub",
        abstract: "Look into the nodes of accounts and services.",
        subcommands: [Why.self]
    )

    /// Why somebody gets an item, or does not.
    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say why somebody would or would not get a node's current item.",
            discussion: """
                Shows what decides it, as it is now: access, subscriptions with their options, \
                each comparison of a filter, what waits to be sent, and presence.

                EXAMPLES
                  lapwingctl pubsub why alice@example.org host/web1/cpu --service monitor
                  lapwingctl pubsub why alice@example.org news
                  lapwingctl pubsub why bob@example.net news --service pubsub.example.net
                  lapwingctl pubsub why alice@example.org urn:lapwing:1#cpu \\
                    --service web1@example.org
                """
        )

        @Argument(help: "Whose notifications: a bare address, or that of one session.")
        var jid: String

        @Argument(help: "The node's name.")
        var node: String

        @Option(
            name: .long,
            help: ArgumentHelp(
                "Whose node it is: pubsub, monitor, or the address of an account or a service.",
                valueName: "service"
            )
        )
        var service = "pubsub"

        @Flag(name: .long, help: "Print a JSON array.")
        var json = false

        @OptionGroup var server: ServerOptions

        func run() async throws {
            let target = try server.target()
            let who = try Self.address(jid)
            let owner = try Self.address(name(of: service, for: who, target))
            let request = ControlRequest.why(who, node: node, owner: owner)
            guard case .findings(let findings) = try await Operator.ask(request, of: target)
            else { throw Failure.unexpected }
            if json { return try Output.json(findings.map(Row.init)) }
            let width = findings.map(\.subject.count).max() ?? 0
            for finding in findings {
                let subject = finding.subject.padding(
                    toLength: width,
                    withPad: " ",
                    startingAt: 0
                )
                Output.line("\(subject)  \(finding.text)")
            }
        }

        /// `pubsub` and `monitor` stand for the services of the domain of who is asked about, or
        /// of the first domain where that is not served.
        private func name(of service: String, for who: JID, _ target: Target) throws -> String {
            let places = target.configuration.localDomains
            let own = places.first { $0.name == who.domain } ?? places.first
            let domain: String?
            switch service {
            case "pubsub": domain = own?.pubsub.domain
            case "monitor": domain = own?.fleet.domain
            default: return service
            }
            guard target.knowsDomain else {
                throw Failure("\(service): without --config, give the service's whole address")
            }
            guard let domain else { throw Failure("\(service): the configuration has none") }
            return domain
        }

        private static func address(_ text: String) throws -> JID {
            guard let jid = try? JID(text) else { throw Failure("\(text) is not an address") }
            return jid
        }

        private struct Row: Encodable {
            var subject: String
            var text: String

            init(_ finding: Finding) {
                subject = finding.subject.trimmingCharacters(in: .whitespaces)
                text = finding.text
            }
        }
    }
}
