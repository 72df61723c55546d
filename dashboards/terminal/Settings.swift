import Arguments
import Configuration
import Dashboard
import Glibc
import Transport
import XMPP

/// What the command line, the environment and the configuration file ask for.
struct Settings {
    let connection: ClientConfiguration
    let mode: Mode
    /// How long a single look may take, or how long changes are written; nil for no end.
    let timeout: Duration?
    let graphs: GraphStyle?
    let wantsColor: Bool
    let wantsMouse: Bool

    /// What is written, and how.
    enum Mode: Hashable {
        case screen
        /// One table, or one JSON object, and the end.
        case once(json: Bool)
        /// A line a change.
        case watch(json: Bool)
    }

    /// How long a single look waits for hosts to tell their values: last items come at once, and
    /// only a slow link needs more.
    static let lookTimeoutSeconds = 10.0
    static let version = "0.1.0"
}

extension Settings {
    /// Precedence: options, then the environment, then the file.
    init(_ parsed: ParsedArguments) throws {
        let file = try parsed.value("config").map { try FileSettings(path: $0) } ?? FileSettings()
        guard let text = parsed.value("jid") ?? file.jid else {
            throw SettingsError("say who to log in as: --jid alice@example.org")
        }
        let jid: JID
        do {
            jid = try JID(text)
        } catch {
            throw SettingsError("--jid: ‘\(text)’ is not an address")
        }
        guard jid.local != nil else {
            throw SettingsError("--jid: ‘\(text)’ names no account; write alice@\(text)")
        }
        connection = try Self.connection(jid, parsed, file)
        mode = try Self.mode(parsed)
        timeout = try parsed.number("timeout", in: 0.1...86_400)
            .map { .milliseconds(Int($0 * 1000)) }
        graphs = try parsed.choice("graphs", GraphStyle.self) ?? file.graphs
        wantsColor = !parsed.has("no-color") && Self.environment("NO_COLOR") == nil
        wantsMouse = !parsed.has("no-mouse")
    }

    private static func connection(
        _ jid: JID,
        _ parsed: ParsedArguments,
        _ file: FileSettings
    ) throws -> ClientConfiguration {
        let password = try Password.read(
            file: parsed.value("password-file") ?? file.passwordFile,
            for: jid
        )
        var connection = ClientConfiguration(jid: jid, password: password)
        connection.host = parsed.value("host") ?? file.host
        connection.port = try parsed.integer("port", in: 1...65_535) ?? file.port
        if parsed.has("direct-tls") || file.usesDirectTLS { connection.security = .direct }
        let fingerprint = parsed.value("fingerprint")
        let authorities = parsed.value("ca")
        if fingerprint != nil, authorities != nil {
            throw SettingsError("--fingerprint and --ca exclude each other")
        }
        if let fingerprint {
            connection.verification = .fingerprint(fingerprint)
        } else if let authorities {
            connection.verification = .authorities(file: authorities)
        } else if let verification = file.verification {
            connection.verification = verification
        }
        return connection
    }

    private static func mode(_ parsed: ParsedArguments) throws -> Mode {
        if parsed.has("watch") {
            guard !parsed.has("once") else {
                throw SettingsError("--once and --watch exclude each other")
            }
            return .watch(json: true)
        }
        if parsed.has("json") { return .once(json: true) }
        if parsed.has("once") || isatty(STDOUT_FILENO) == 0 { return .once(json: false) }
        let terminal = environment("TERM") ?? "dumb"
        return terminal == "dumb" ? .watch(json: false) : .screen
    }

    /// A variable that is set and not empty.
    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

/// What a configuration file says; options go before it.
struct FileSettings {
    var jid: String?
    var host: String?
    var port: Int?
    var passwordFile: String?
    var verification: ClientConfiguration.Verification?
    var usesDirectTLS = false
    var graphs: GraphStyle?

    init() {}

    init(path: String) throws(ConfigurationError) {
        let file = try ConfigurationFile.read(path)
        let root = file.root
        jid = try root.string("jid")
        host = try root.string("host")
        port = try root.integer("port", in: 1...65_535)
        passwordFile = try root.string("password_file")
        usesDirectTLS = try root.boolean("direct_tls") ?? false
        graphs = try root.choice("graphs", of: GraphStyle.self)
        if let fingerprint = try root.string("fingerprint") {
            verification = .fingerprint(fingerprint)
        }
        if let authorities = try root.string("ca") {
            guard verification == nil else {
                throw root.error("ca", "excludes fingerprint: keep one of them")
            }
            verification = .authorities(file: authorities)
        }
        try file.finish()
    }
}

/// What is wrong with the settings, as one line that says what to do.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
