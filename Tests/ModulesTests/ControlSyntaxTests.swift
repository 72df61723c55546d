import Modules
import Testing
import XMPP

@Suite struct ControlSyntaxTests {
    private static let alice = JID(normalizedLocal: "alice", domain: "example.org")
    private static let secrets = ScramSecrets(
        salt: [0, 1, 255],
        iterations: 4096,
        storedKey: [2],
        serverKey: [3]
    )
    private static let record = AccountRecord(
        alice,
        ScramCredentials(sha1: secrets, sha256: secrets)
    )
    private static let membership = GroupMembership(group: "h & <o>", member: alice)

    private static let requests: [ControlRequest] = [
        .register(record), .unregister(alice), .changePassword(record), .users(host: nil),
        .users(host: "example.org"), .join(membership), .leave(membership), .groups, .hosts,
        .status, .federation, .links, .why(alice, node: "n & m", owner: alice),
    ]

    private static let replies: [ControlReply] = [
        .done,
        .refused(.init(.exists, "User \"alice\" is there\n& stays")),
        .users([alice, alice]),
        .users([]),
        .findings([Finding("verdict", "no < yes"), Finding("", "")]),
        .groups([GroupListing(name: "hosts", sees: ["viewers"], members: [alice])]),
        .hosts([
            HostState(jid: alice, isUp: true, since: Instant(milliseconds: 5)),
            HostState(jid: alice, isUp: false),
        ]),
        .links([
            LinkStatus(
                name: "s2s",
                isUp: true,
                address: "unix:/run/x",
                tls: "TLSv1.3",
                since: Instant(milliseconds: 5),
                counts: [.init("waiting", 3)]
            ),
            LinkStatus(name: "bots", isUp: false),
        ]),
        .status(
            ServerStatus(
                version: "1",
                domains: ["example.org", "example.net"],
                processID: 7,
                started: Instant(milliseconds: 9),
                counts: [.init("accounts", 3)]
            )
        ),
    ]

    @Test(arguments: requests)
    func requestsComeBackAsTheyWere(request: ControlRequest) throws {
        let frame = ControlSyntax.framed(request.element)
        #expect(frame.last == 0)
        let element = try Element(
            parsing: frame.dropLast(),
            limits: ControlSyntax.requestLimits
        )
        #expect(try ControlRequest(reading: element) == request)
    }

    @Test(arguments: replies)
    func repliesComeBackAsTheyWere(reply: ControlReply) throws {
        let frame = ControlSyntax.framed(reply.element)
        let element = try Element(parsing: frame.dropLast(), limits: ControlSyntax.replyLimits)
        #expect(try ControlReply(reading: element) == reply)
    }

    @Test(arguments: [
        "<users xmlns='urn:lapwing:control:2'/>", "<reboot xmlns='urn:lapwing:control:1'/>",
        "<unregister xmlns='urn:lapwing:control:1'/>",
        "<unregister xmlns='urn:lapwing:control:1' jid='@'/>",
        "<register xmlns='urn:lapwing:control:1' jid='a@b'/>",
        "<join xmlns='urn:lapwing:control:1' jid='a@b'/>",
    ])
    func refusesWhatIsNoRequest(markup: String) throws {
        let element = try Element(parsing: Array(markup.utf8))
        #expect(throws: ControlSyntax.Mismatch.self) { try ControlRequest(reading: element) }
    }

    @Test func boundsARequest() throws {
        let long = String(repeating: "x", count: ControlSyntax.requestLimits.stanzaBytes)
        let request = ControlRequest.users(host: long)
        #expect(throws: StreamError.self) {
            try Element(
                parsing: request.element.serialized(),
                limits: ControlSyntax.requestLimits
            )
        }
    }
}
