import ArgumentParser

/// The tool's commands.
struct Lapwingctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lapwingctl",
        abstract: "Looks after a Lapwing server: accounts, groups, checks.",
        discussion: """
            Works on the running server, and for accounts and groups on a stopped one too: the \
            lock of the data directory decides which.

            EXAMPLES
              lapwingctl register alice example.org      asks for the password
              lapwingctl groups add viewers alice@example.org
              lapwingctl hosts                           which monitored hosts are up
              lapwingctl users --json
              lapwingctl s2s                             other servers: streams, what waits
              lapwingctl links                           the server's other processes
              lapwingctl pubsub why alice@example.org host/web1/cpu --service monitor
              lapwingctl cert example.org                a certificate for a try
              lapwingctl check                           is the configuration right?

            Exit status: 0 done, 1 failed, 2 wrong use.
            """,
        version: "lapwingctl 0.1.0",
        subcommands: [
            Register.self, Unregister.self, ChangePassword.self, Users.self, Groups.self,
            Hosts.self, Status.self, FederationCommand.self, LinksCommand.self,
            PubSubCommands.self, MakeCertificate.self, Check.self,
        ]
    )
}
