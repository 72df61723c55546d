import Arguments

/// The command line of `lapwing-agent`.
enum AgentCommand {
    static let version = "0.1.0"

    static let command = Command(
        "lapwing-agent",
        summary: "Publishes this host's processor, memory, disks, filesystems and network over "
            + "XMPP, whenever they move.",
        options: [
            Option(
                "config",
                short: "c",
                .value("FILE"),
                help: "Read settings from a TOML file; options here win over it"
            ),
            Option("jid", short: "u", .value("USER@DOMAIN"), help: "The host's account"),
            Option(
                "host",
                .value("HOST"),
                help: "Connect here; default: where the domain's SRV records say"
            ),
            Option(
                "port",
                short: "p",
                .value("PORT"),
                help:
                    "Connect to this port; with a host or without SRV records: 5222, or 5223 "
                    + "with direct TLS"
            ),
            Option(
                "password-file",
                .value("FILE"),
                help:
                    "Read the password from the first line of FILE; otherwise it comes from "
                    + "LAPWING_PASSWORD or the settings"
            ),
            Option(
                "security",
                .value("KIND"),
                help:
                    "starttls, direct, or plain for tests over loopback; default: as the SRV "
                    + "records say, else starttls"
            ),
            Option(
                "fingerprint",
                .value("SHA256"),
                help: "Trust the certificate with this fingerprint, and no other"
            ),
            Option(
                "ca",
                .value("FILE"),
                help: "Trust the authorities in a PEM file rather than the system's"
            ),
            Option(
                "access",
                .value("MODEL"),
                help: "Who may see the values: presence (default), roster, open or whitelist"
            ),
            Option(
                "interval",
                short: "i",
                .value("SECONDS"),
                help: "Time between two readings; default: 1"
            ),
            Option(
                "heartbeat",
                .value("SECONDS"),
                help: "Publish a group at least this often; default: 60"
            ),
            Option(
                "root",
                .value("DIR"),
                help: "Find the host's proc and sys under DIR; default: /"
            ),
            Option("once", short: "1", help: "Print one reading and exit; needs no server"),
            Option("json", short: "j", help: "With --once: as JSON"),
        ],
        examples: [
            .init("lapwing-agent --once", "Shows what would be published."),
            .init(
                "lapwing-agent --jid web1@example.org --password-file /etc/lapwing/password",
                "Publishes to the server of example.org until it is stopped."
            ),
            .init(
                "lapwing-agent --config /etc/lapwing/agent.toml",
                "The same with all settings in a file."
            ),
        ]
    )
}
