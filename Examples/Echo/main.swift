import Glibc
import Transport
import XMPP

// A component that sends back what it is told, and says what it is (XEP-0114, XEP-0030).
//
//     [[components]]                           # in the server's configuration
//     domain = "echo.example.org"
//     secret = "a long random text"
//
//     ECHO_SECRET="a long random text" lapwing-echo echo.example.org [PORT]

let arguments = CommandLine.arguments
guard arguments.count > 1, let secret = getenv("ECHO_SECRET").map({ String(cString: $0) }) else {
    print("usage: ECHO_SECRET=… lapwing-echo DOMAIN [PORT]")
    exit(2)
}
let client = Client(
    try ClientConfiguration(
        component: arguments[1],
        secret: secret,
        port: arguments.count > 2 ? Int(arguments[2]) ?? 5347 : 5347
    )
)
let info = DiscoInfo(
    identities: [.init(category: "client", type: "bot", name: "Echo")],
    features: [Namespace.discoInfo]
)
async let connection: Void = client.run()
for await event in client.events {
    switch event {
    case .online(let jid): print("attached as \(jid)")
    case .offline(let reason, _): print("not attached: \(reason)")
    case .stanza(let stanza) where stanza.kind == .message && !stanza.isError:
        var answer = stanza
        swap(&answer.from, &answer.to)
        client.send(answer)
    case .stanza(let stanza) where stanza.isRequest:
        let isInfo = stanza.payload("query", Namespace.discoInfo) != nil && stanza.type == "get"
        client.send(
            isInfo ? stanza.result(info.element) : stanza.failure(StanzaError(.serviceUnavailable))
        )
    case .stanza: break
    }
}
await connection
