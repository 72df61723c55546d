import COpenSSL

/// A component that sends messages to users, a bounded number under way (XEP-0114).
struct ComponentLoad {
    let options: Options

    func run() throws(LoadError) -> String {
        let stage = try Stage(options)
        let users = try stage.logIn(
            "viewer",
            count: try options.number("viewers", default: 100)
        )
        stage.announce(users)
        let domain = try options.text("component")
        let handshake = Handshake(domain: domain, secret: try options.text("secret"))
        let component = try stage.loop.attach(
            handshake,
            port: try options.number("component-port", default: 5347)
        )
        component.role = .counting
        let usesFullJID = options.text("jid", default: "bare") == "full"
        let bytes = try options.number("payload", default: 300)
        let messages = users.map { user in
            let to = usesFullJID ? user.jid : user.account
            return Payload(message(from: "bot@\(domain)/load", to: to, bytes: bytes))
        }
        let flow = try Flow(
            stage,
            publishers: [.init(component, messages)],
            viewers: users,
            copies: 1,
            answers: false
        )
        return try measure(flow, stage)
    }

    private func measure(_ flow: Flow, _ stage: Stage) throws(LoadError) -> String {
        flow.run(seconds: try options.number("warm-up", default: 2))
        try stage.checkLinks()
        let measurement = try Measurement(of: stage.process)
        let delivered = flow.delivered
        let missing = flow.missing
        flow.run(seconds: try options.number("seconds", default: 8))
        let came = flow.delivered - delivered
        var members = try measurement.members(per: "stanza", number: came)
        try stage.checkLinks()
        guard came > 0 else { throw LoadError("no message came") }
        members.append(("missing", Double(flow.missing - missing)))
        return json(members)
    }
}

/// A chat message of so many bytes.
func message(from: String, to: String, bytes: Int) -> [UInt8] {
    let head = "<message from='\(from)' to='\(to)' type='chat' id='load'><body>"
    let tail = "</body></message>"
    let rest = max(1, bytes - head.utf8.count - tail.utf8.count)
    return Array((head + String(repeating: "x", count: rest) + tail).utf8)
}

/// A component's log-in, up to the server's answer (XEP-0114 §3), as a machine over text.
struct Handshake {
    let domain: String
    let secret: String
    private var hasProved = false
    private(set) var isDone = false

    init(domain: String, secret: String) {
        self.domain = domain
        self.secret = secret
    }

    var header: String {
        "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'"
            + " xmlns:stream='http://etherx.jabber.org/streams' to='\(domain)'>"
    }

    /// What is to be sent when more has come, if anything.
    ///
    /// A refusal ends the connection, and its last words are the link's failure.
    mutating func advance(_ link: Link) -> String? {
        while !isDone, let tag = link.take(through: ">") {
            if tag.contains("<handshake/") || tag.contains("</handshake") { isDone = true }
            guard !hasProved, tag.contains("<stream:stream") else { continue }
            // Either quote will do, and an id has none in it.
            let parts = tag.split(whereSeparator: { $0 == "'" || $0 == "\"" })
            guard let name = parts.firstIndex(where: { $0.hasSuffix(" id=") }) else { continue }
            hasProved = true
            return "<handshake>\(Self.proof(of: String(parts[name + 1]) + secret))</handshake>"
        }
        return nil
    }

    /// SHA-1 in lower-case hexadecimal digits.
    private static func proof(of text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 20)
        let bytes = Array(text.utf8)
        EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha1(), nil)
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
