import Arguments
import Glibc

extension Settings {
    static let command = Arguments.Command(
        "lapwing-top",
        summary: "Shows hosts as they publish their values, pushed over XMPP.",
        options: [
            .init("jid", short: "j", .value("JID"), help: "The account to log in as"),
            .init(
                "host",
                .value("HOST"),
                help: "Connect here instead of where the domain's SRV records say"
            ),
            .init(
                "port",
                .value("PORT"),
                help: "Connect to this port; with a host or without SRV records: 5222"
            ),
            .init(
                "direct-tls",
                help: "TLS from the first byte; port 5223 where no record says another"
            ),
            .init(
                "password-file",
                .value("FILE"),
                help: "Read the password from the first line of FILE"
            ),
            .init(
                "fingerprint",
                .value("SHA256"),
                help: "Trust the certificate with this fingerprint and no other"
            ),
            .init("ca", .value("FILE"), help: "Trust the authorities in this PEM file"),
            .init("config", short: "c", .value("FILE"), help: "Read settings from a TOML file"),
            .init("once", help: "Print a table of all hosts and exit"),
            .init("json", help: "Print all hosts as JSON and exit"),
            .init("watch", help: "Print a line of JSON a change, until interrupted"),
            .init(
                "timeout",
                .value("SECONDS"),
                help: "Wait no longer for values (10 by default), or end --watch after this time"
            ),
            .init(
                "graphs",
                .value("STYLE"),
                help: "Draw graphs as braille, block or ascii; by default what the terminal can"
            ),
            .init("no-color", help: "Use no colors, as the variable NO_COLOR does"),
            .init("no-mouse", help: "Leave the mouse to the terminal"),
        ],
        examples: [
            .init(
                "lapwing-top --jid alice@example.org",
                "Ask for the password and show the fleet"
            ),
            .init(
                "LAPWING_PASSWORD=… lapwing-top -j alice@example.org --once",
                "Print a table; the exit status is the worst level"
            ),
            .init(
                "lapwing-top -c top.toml --watch | jq .",
                "Follow every change as JSON"
            ),
        ]
    )

    static var helpText: String {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return command.help(width: isKnown ? min(Int(size.ws_col), 100) : 80) + notes
    }

    private static let notes = """

        The password comes from --password-file, the variable LAPWING_PASSWORD, the key
        password_file of the configuration, or is asked for. Keys of the configuration:
        jid, host, port, password_file, fingerprint, ca, direct_tls, graphs.

        Without a terminal a table is printed once, as by --once.

        Exit status of --once, --json and --watch, by what is seen at the end:
          0  all is well            64  wrong command line
          1  a warning              69  the server cannot be reached
          2  critical, or a host    77  the log-in was refused
             is down                78  a file or a setting cannot be used
          3  no host, or values
             that are not current
        With the screen: 0, or 64 and above.

        """
}
