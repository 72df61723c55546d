import ArgumentParser
import Modules
import XMPP

/// Shared groups: who sees whom without asking.
struct Groups: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put accounts into shared groups, which see each other without asking.",
        discussion: """
            EXAMPLES
              lapwingctl groups add hosts web1@example.org
              lapwingctl groups remove viewers alice@example.org
              lapwingctl groups list --json
            """,
        subcommands: [Add.self, Remove.self, List.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put an account into a group.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var membership: MembershipArguments

        func run() async throws {
            let wanted = try membership.value()
            _ = try await Operator.ask(.join(wanted), of: server.target())
            Output.line("User \(wanted.member) is in group \(wanted.group)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an account out of a group."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var membership: MembershipArguments

        func run() async throws {
            let wanted = try membership.value()
            _ = try await Operator.ask(.leave(wanted), of: server.target())
            Output.line("User \(wanted.member) is no longer in group \(wanted.group)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the groups, whom they see and who is in them."
        )

        @OptionGroup var server: ServerOptions

        @Flag(name: .long, help: "Print a JSON array.")
        var json = false

        func run() async throws {
            let reply = try await Operator.ask(.groups, of: server.target())
            guard case .groups(let groups) = reply else { throw Failure.unexpected }
            if json { return try Output.json(groups.map(Row.init)) }
            for group in groups {
                let sees = group.sees.isEmpty ? "nobody" : group.sees.joined(separator: ", ")
                Output.line("\(group.name) (sees \(sees))")
                for member in group.members { Output.line("  \(member)") }
            }
        }

        private struct Row: Encodable {
            var name: String
            var sees: [String]
            var members: [String]

            init(_ group: GroupListing) {
                name = group.name
                sees = group.sees
                members = group.members.map(\.description)
            }
        }
    }
}

/// An account and a group.
struct MembershipArguments: ParsableArguments {
    @Argument(help: "The group.")
    var group: String

    @Argument(help: "The account: USER@HOST.")
    var jid: String

    func value() throws -> GroupMembership {
        guard let member = try? JID(jid), member.local != nil, member.isBare else {
            throw ValidationError("\(jid) is not an account's address, as alice@example.org")
        }
        return GroupMembership(group: group, member: member)
    }
}
