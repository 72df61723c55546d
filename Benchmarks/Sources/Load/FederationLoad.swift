/// A client that sends messages to one of another server, a bounded number under way.
struct FederationLoad {
    let options: Options
    private static let patience = 60_000_000

    func run() throws(LoadError) -> String {
        let stage = try Stage(options)
        let near = stage.loop.server
        let far = Loop.Server(
            host: near.host,
            port: try options.number("far-port", default: near.port),
            domain: try options.text("far-domain"),
            security: near.security
        )
        let sender = try stage.logIn(["host0"])[0]
        let receiver = try stage.logIn(["viewer0"], at: far)[0]
        stage.announce([sender, receiver])
        let bytes = try options.number("payload", default: 200)
        let text = message(from: sender.jid, to: receiver.jid, bytes: bytes)
        try meet(stage, sender, receiver, text)
        let flow = try Flow(
            stage,
            publishers: [.init(sender, [Payload(text)])],
            viewers: [receiver],
            copies: 1,
            answers: false
        )
        return try measure(flow, stage)
    }

    /// Waits for the first message: the servers find and prove each other for it.
    private func meet(
        _ stage: Stage,
        _ sender: Link,
        _ receiver: Link,
        _ text: [UInt8]
    ) throws(LoadError) {
        sender.tally.watch = [.errors]
        receiver.tally.watch = [.messages]
        sender.send(text)
        stage.loop.flush(sender)
        let deadline = now() + Self.patience
        while receiver.tally.messages == 0 {
            stage.loop.turn(milliseconds: 100)
            try stage.checkLinks()
            guard now() < deadline else { throw LoadError("the servers do not find each other") }
        }
    }

    private func measure(_ flow: Flow, _ stage: Stage) throws(LoadError) -> String {
        flow.run(seconds: try options.number("warm-up", default: 2))
        try stage.checkLinks()
        let near = try Measurement(of: options.numbers("pids"))
        let far = try Measurement(of: options.numbers("far-pids"))
        let delivered = flow.delivered
        let missing = flow.missing
        flow.run(seconds: try options.number("seconds", default: 8))
        let came = flow.delivered - delivered
        var members = try near.members(per: "stanza", number: came)
        members += try far.members(per: "stanza", number: came).map { ("far_" + $0.0, $0.1) }
        try stage.checkLinks()
        guard came > 0 else { throw LoadError("no message came") }
        members.append(("missing", Double(flow.missing - missing)))
        return json(members)
    }
}
