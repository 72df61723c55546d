import ArgumentParser
import Configuration
import Modules
import XMPP

/// An account as `ejabberdctl` takes it: user and host apart.
struct AccountArguments: ParsableArguments {
    @Argument(help: "The account's name, before the @.")
    var user: String

    @Argument(help: "Its domain.")
    var host: String

    func jid() throws -> JID {
        guard let jid = try? JID(local: user, domain: host) else {
            throw ValidationError("\(user)@\(host) is not an address")
        }
        return jid
    }
}

/// Makes an account.
struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an account.",
        discussion: """
            EXAMPLES
              lapwingctl register alice example.org
              lapwingctl register web1 example.org < password-file
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var account: AccountArguments

    @Argument(help: "Its password; left out, it is asked for or read from standard input.")
    var password: String?

    func run() async throws {
        let jid = try account.jid()
        let target = try server.target()
        let record = try AccountRecord(jid, password: password, for: target)
        _ = try await Operator.ask(.register(record), of: target)
        Output.line("User \(jid) successfully registered")
    }
}

/// Ends an account.
struct Unregister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete an account with its contacts, nodes and memberships."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var account: AccountArguments

    func run() async throws {
        let jid = try account.jid()
        _ = try await Operator.ask(.unregister(jid), of: server.target())
        Output.line("User \(jid) successfully unregistered")
    }
}

/// Sets another password.
struct ChangePassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Set an account's password."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var account: AccountArguments

    @Argument(help: "The password; left out, it is asked for or read from standard input.")
    var password: String?

    func run() async throws {
        let jid = try account.jid()
        let target = try server.target()
        let record = try AccountRecord(jid, password: password, for: target)
        _ = try await Operator.ask(.changePassword(record), of: target)
        Output.line("Password of \(jid) successfully changed")
    }
}

/// Lists accounts.
struct Users: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the accounts, one a line.")

    @OptionGroup var server: ServerOptions

    @Argument(help: "Only those of this domain.")
    var host: String?

    @Flag(name: .long, help: "Print a JSON array.")
    var json = false

    func run() async throws {
        let domain = try host.map { host in
            guard let jid = try? JID(local: nil, domain: host) else {
                throw ValidationError("\(host) is not a domain")
            }
            return jid.domain
        }
        let reply = try await Operator.ask(.users(host: domain), of: server.target())
        guard case .users(let users) = reply else { throw Failure.unexpected }
        if json { return try Output.json(users.map(\.description)) }
        for user in users { Output.line(user.description) }
    }
}

extension AccountRecord {
    /// A record for a password that comes from wherever the user gives it.
    fileprivate init(_ jid: JID, password: String?, for target: Target) throws {
        let iterations = target.configuration.accounts.scramIterations
        let password = try PasswordSource.password(argument: password)
        self.init(jid, .derive(password: password, iterations: iterations))
    }
}

extension Failure {
    /// A reply that does not fit the request: the server is of another version.
    static let unexpected = Failure("the server's answer was not understood")
}
