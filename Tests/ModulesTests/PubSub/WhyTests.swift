import Testing
import XMPP

@testable import Modules

// What an operator is told who asks why somebody gets an item or does not.
@Suite struct WhyTests {
    private static let cpu = SelectionConversation.cpu

    private func why(
        _ talk: SelectionConversation,
        _ jid: String,
        _ node: String = cpu
    ) throws -> [String] {
        let jid = try JID(jid)
        let relation = talk.talk.relations[jid.bare] ?? Relation()
        return talk.talk.service.why(jid, node, relation: relation, at: talk.talk.now).map {
            "\($0.subject): \($0.text)"
        }
    }

    @Test func saysThatThereIsNoNode() throws {
        let talk = try SelectionConversation()
        let findings = try why(talk, "a@example.org", "nowhere")
        #expect(
            findings == ["node: there is no node nowhere", "verdict: no: there is nothing to get"]
        )
    }

    @Test func saysWhoIsKeptOut() throws {
        var talk = try SelectionConversation()
        _ = try talk.talk.create("n", ["access_model": "whitelist"])
        _ = try talk.talk.publish("n", "1")
        let findings = try why(talk, "a@example.org", "n")
        #expect(findings.contains("affiliation: none"))
        #expect(findings.contains("access: kept out (closed-node); the access model is whitelist"))
        #expect(findings.last == "verdict: no: it may not have the node")
    }

    @Test func saysThatNothingAsksForIt() throws {
        var talk = try SelectionConversation(Self.cpu)
        #expect(try why(talk, "a@example.org").last == "verdict: no: there is no item")
        _ = try talk.publish(["user": "50"])
        let findings = try why(talk, "a@example.org")
        #expect(findings.contains("subscription: none"))
        #expect(findings.contains("presence: no session is known to be there"))
        #expect(findings.last == "verdict: no: nothing above asks for the item as it is now")
    }

    @Test func showsEachComparisonWithItsValue() throws {
        var talk = try SelectionConversation(Self.cpu)
        try talk.subscribe("a@example.org") {
            $0.filter = "cpu.user > 90 and cpu.idle < 5"
            $0.minimumIntervalMilliseconds = 1_000
        }
        _ = try talk.publish(["user": "95"])
        var findings = try why(talk, "a@example.org")
        #expect(findings.contains("subscription s1: subscribed, a@example.org"))
        #expect(findings.contains("  {urn:lapwing:1}filter: cpu.user > 90 and cpu.idle < 5"))
        #expect(findings.contains("  {urn:lapwing:1}min-interval: 1000"))
        #expect(findings.contains("  cpu.user > 90: yes"))
        #expect(findings.contains("  cpu.idle: unknown"))
        #expect(findings.contains("  cpu.idle < 5: unknown"))
        #expect(findings.contains("  filter: unknown"))
        #expect(findings.contains("  so: the filter does not match"))
        _ = try talk.publish(["user": "95", "idle": "1"])
        _ = try talk.publish(["user": "96", "idle": "1"])
        findings = try why(talk, "a@example.org")
        #expect(findings.contains("  cpu.idle < 5: yes"))
        #expect(findings.contains("  sent: an item of this id"))
        #expect(findings.contains { $0.hasPrefix("  waiting: until ") })
        #expect(findings.last == "verdict: yes")
    }

    @Test func saysWhatPresenceAsksFor() throws {
        var talk = try SelectionConversation(Self.cpu)
        _ = try talk.publish(["user": "50"])
        _ = try talk.talk.arrive("a@example.org/1", wanting: [Self.cpu])
        _ = try talk.talk.arrive("a@example.org/2", wanting: [])
        var findings = try why(talk, "a@example.org")
        #expect(findings.contains("session a@example.org/1: asks by +notify"))
        #expect(findings.contains("session a@example.org/2: does not ask by +notify"))
        #expect(findings.last == "verdict: yes")
        try talk.subscribe("a@example.org") { $0.filter = "cpu.user > 90" }
        findings = try why(talk, "a@example.org")
        #expect(
            findings.contains(
                "session a@example.org/1: asks by +notify; "
                    + "a subscription with options stands in its place"
            )
        )
        #expect(findings.last == "verdict: no: nothing above asks for the item as it is now")
    }
}
