import Arguments
import Configuration
import Transport
import XMPP

/// What the agent was told to do, by its options and by its settings file.
struct AgentSettings {
    var jid: JID
    var password: String
    var host: String?
    var port: Int?
    var security: ClientConfiguration.Security = .automatic
    var verification: ClientConfiguration.Verification = .system
    var access: AccessModel = .presence
    var interval: Duration = .seconds(1)
    var heartbeat: Duration = .seconds(60)
    var root = "/"

    /// Who may see a node (XEP-0060 §4.5), of those that a publisher can choose.
    enum AccessModel: String, CaseIterable {
        case presence, roster, open, whitelist
    }

    /// The kinds of security, by their names in options and settings.
    enum SecurityName: String, CaseIterable {
        case starttls, direct, plain

        var security: ClientConfiguration.Security {
            switch self {
            case .starttls: .startTLS
            case .direct: .direct
            case .plain: .plain
            }
        }
    }

    /// Shorter than this the kernel's own counters do not move evenly.
    static let intervals: ClosedRange<Double> = 0.1...3600
    static let heartbeats: ClosedRange<Double> = 1...86_400

    /// What is wrong with the settings as a whole, as one line.
    struct Problem: Error {
        var message: String
    }
}

/// Settings while they are gathered: first the file, then the options over it.
struct SettingsDraft {
    var jid: String?
    var password: String?
    var passwordFile: String?
    var host: String?
    var port: Int?
    var security: AgentSettings.SecurityName?
    var fingerprint: String?
    var authorities: String?
    var access: AgentSettings.AccessModel?
    var interval: Duration?
    var heartbeat: Duration?
    var root: String?

    init() {}

    /// Reads a settings file; an unknown key is an error with its place.
    init(_ file: ConfigurationFile) throws(ConfigurationError) {
        let table = file.root
        jid = try table.string("jid")
        password = try table.string("password")
        passwordFile = try table.string("password_file")
        host = try table.string("host")
        port = try table.integer("port", in: 1...65_535)
        security = try table.choice("security")
        fingerprint = try table.string("fingerprint")
        authorities = try table.string("ca")
        access = try table.choice("access")
        interval = try table.duration("interval", in: .milliseconds(100) ... .seconds(3600))
        heartbeat = try table.duration("heartbeat", in: .seconds(1) ... .seconds(86_400))
        root = try table.string("root")
        if let jid, (try? JID(jid)) == nil {
            throw table.error("jid", "‘\(jid)’ is not an address")
        }
        try file.finish()
    }

    /// Lays the options over what the file said.
    mutating func apply(_ arguments: ParsedArguments) throws(ArgumentError) {
        jid = arguments.value("jid") ?? jid
        host = arguments.value("host") ?? host
        port = try arguments.integer("port", in: 1...65_535) ?? port
        security = try arguments.choice("security") ?? security
        fingerprint = arguments.value("fingerprint") ?? fingerprint
        authorities = arguments.value("ca") ?? authorities
        access = try arguments.choice("access") ?? access
        let interval = try arguments.number("interval", in: AgentSettings.intervals)
        self.interval = interval.map { .seconds($0) } ?? self.interval
        let heartbeat = try arguments.number("heartbeat", in: AgentSettings.heartbeats)
        self.heartbeat = heartbeat.map { .seconds($0) } ?? self.heartbeat
        root = arguments.value("root") ?? root
        if let file = arguments.value("password-file") {
            passwordFile = file
            password = nil
        }
    }

    /// The finished settings; `secret` reads a password file, `environment` is the password there.
    func finished(
        environment: String?,
        secret: (String) throws(AgentSettings.Problem) -> String
    ) throws(AgentSettings.Problem) -> AgentSettings {
        guard let text = jid else {
            throw .init(message: "no account is given; write --jid USER@DOMAIN, or --once")
        }
        guard let jid = try? JID(text), jid.local != nil else {
            throw .init(message: "‘\(text)’ is not an account; it looks like web1@example.org")
        }
        var password = password
        if password == nil, let passwordFile { password = try secret(passwordFile) }
        guard let password = password ?? environment, !password.isEmpty else {
            throw .init(message: "no password; give --password-file FILE or LAPWING_PASSWORD")
        }
        if fingerprint != nil, authorities != nil {
            throw .init(message: "give either a fingerprint or authorities to trust, not both")
        }
        var settings = AgentSettings(jid: jid, password: password, host: host, port: port)
        if let security { settings.security = security.security }
        if let fingerprint { settings.verification = .fingerprint(fingerprint) }
        if let authorities { settings.verification = .authorities(file: authorities) }
        settings.access = access ?? settings.access
        settings.interval = interval ?? settings.interval
        settings.heartbeat = heartbeat ?? settings.heartbeat
        settings.root = root ?? settings.root
        return settings
    }
}
