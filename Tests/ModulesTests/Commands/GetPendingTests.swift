import Modules
import Testing
import XMPP

// XEP-0050; XEP-0060 §8.6, §8.7 on an account.
@Suite struct GetPendingTests {
    private static let command = "http://jabber.org/protocol/pubsub#get-pending"
    private static let romeo = "romeo@example.com"

    /// Juliet waits for Romeo's approval.
    private func waiting() throws -> Conversation {
        var talk = Conversation(["romeo", "juliet"])
        try talk.login("romeo/orchard")
        try talk.login("juliet/balcony")
        talk.available("romeo/orchard")
        let form =
            "<x xmlns='jabber:x:data' type='submit'><field var='pubsub#access_model'>"
            + "<value>authorize</value></field></x>"
        try talk.ask(
            "romeo/orchard",
            "<pubsub xmlns='\(Namespace.pubsub)'><create node='n'/><configure>\(form)</configure>"
                + "</pubsub>"
        )
        let subscribe = "<subscribe node='n' jid='juliet@example.com'/>"
        try talk.ask(
            "juliet/balcony",
            "<pubsub xmlns='\(Namespace.pubsub)'>\(subscribe)</pubsub>",
            to: Self.romeo
        )
        return talk
    }

    private func run(
        _ talk: inout Conversation,
        _ who: String = "romeo/orchard",
        _ attributes: String = "",
        _ content: String = "",
        node: String = command
    ) throws -> Stanza? {
        _ = talk.take(who)
        let start = "<command xmlns='\(Namespace.commands)' node='\(node)' \(attributes)>"
        try talk.ask(who, start + content + "</command>", to: Self.romeo)
        return talk.take(who).first { $0.kind == .iq }
    }

    private func choice(_ node: String) -> String {
        "<x xmlns='jabber:x:data' type='submit'><field var='pubsub#node'><value>\(node)</value>"
            + "</field></x>"
    }

    @Test func offersTheNodesAtWhichSomeoneWaits() throws {
        var talk = try waiting()
        let answer = try #require(try run(&talk)?.payload)
        #expect(answer["status"] == "executing")
        #expect(answer["sessionid"] != nil)
        #expect(answer.child("actions")?["execute"] == "complete")
        let form = try #require(answer.child("x", Namespace.dataForms).flatMap(DataForm.init))
        #expect(form.fields.last?.name == "pubsub#node")
        #expect(form.fields.last?.options == ["n"])
    }

    @Test func sendsAFormForEachRequest() throws {
        var talk = try waiting()
        let session = try run(&talk)?.payload?["sessionid"] ?? ""
        try talk.ask(
            "romeo/orchard",
            "<command xmlns='\(Namespace.commands)' node='\(Self.command)' sessionid='\(session)'>"
                + "\(choice("n"))</command>",
            to: Self.romeo
        )
        let came = talk.take("romeo/orchard")
        #expect(came.first?.payload?["status"] == "completed")
        let form = came.last?.payload("x", Namespace.dataForms).flatMap(DataForm.init)
        #expect(form?["pubsub#subscriber_jid"] == ["juliet@example.com"])
    }

    @Test(arguments: [
        ("action='prev'", "", "bad-action"), ("action='dance'", "", "malformed-action"),
        ("sessionid='other'", "", "bad-sessionid"),
        ("", "<x xmlns='jabber:x:data' type='submit'/>", "bad-payload"),
    ])
    func tellsWhyItCannot(_ attributes: String, _ content: String, _ condition: String) throws {
        var talk = try waiting()
        let error = try run(&talk, "romeo/orchard", attributes, content)?.error
        #expect(error?.condition == .badRequest)
        #expect(error?.detail?.name == condition)
    }

    @Test func knowsNoOtherNodeAndNoOtherCommand() throws {
        var talk = try waiting()
        #expect(
            try run(&talk, "romeo/orchard", "", choice("x"))?.error?.condition == .itemNotFound
        )
        #expect(try run(&talk, node: "reboot")?.error?.condition == .itemNotFound)
    }

    // §8.7.3.3
    @Test func isForOwnersOnly() throws {
        var talk = try waiting()
        #expect(try run(&talk, "juliet/balcony")?.error?.condition == .forbidden)
    }

    @Test func isCancelled() throws {
        var talk = try waiting()
        #expect(
            try run(&talk, "romeo/orchard", "action='cancel'")?.payload?["status"] == "canceled"
        )
    }

    @Test func isFoundByDiscovery() throws {
        var talk = try waiting()
        func disco(_ namespace: String, _ node: String) throws -> Element? {
            _ = talk.take("romeo/orchard")
            try talk.ask(
                "romeo/orchard",
                "<query xmlns='\(namespace)' node='\(node)'/>",
                type: "get"
            )
            return talk.take("romeo/orchard").first?.payload
        }
        let items = try disco(Namespace.discoItems, Namespace.commands)
        #expect(items?.elements.compactMap { $0["node"] } == [Self.command])
        let list = try disco(Namespace.discoInfo, Namespace.commands)
        #expect(list?.child("identity")?["type"] == "command-list")
        let info = try disco(Namespace.discoInfo, Self.command)
        #expect(info?.child("identity")?["type"] == "command-node")
        #expect(info?.elements.compactMap { $0["var"] }.contains(Namespace.commands) == true)
    }

    // MARK: The answer to the form, through the account

    private func approve(_ from: String) throws -> Conversation {
        var talk = try waiting()
        let asked = talk.take("romeo/orchard").first { $0.kind == .message }
        let form = asked?.payload("x", Namespace.dataForms).flatMap(DataForm.init)
        let id = try #require(form?["pubsub#subid"]?.first)
        _ = talk.take("juliet/balcony")
        talk.available("juliet/balcony")
        let answer = DataForm(
            .submit,
            formType: Namespace.pubsub + "#subscribe_authorization",
            fields: [
                .init("pubsub#node", values: ["n"]), .init("pubsub#subid", values: [id]),
                .init("pubsub#allow", values: ["true"]),
            ]
        )
        talk.send(from, Stanza(.message, to: try JID(Self.romeo), [answer.element]))
        return talk
    }

    @Test func takesTheOwnersAnswer() throws {
        var talk = try approve("romeo/orchard")
        let told = talk.take("juliet/balcony").first { $0.kind == .message }
        let word = told?.payload("event", Namespace.pubsubEvent)?.child("subscription")
        #expect(word?["subscription"] == "subscribed")
        #expect(talk.take("romeo/orchard").filter { $0.kind == .message }.isEmpty)
    }

    @Test func takesNoAnswerFromOthers() throws {
        var talk = try approve("juliet/balcony")
        let error = talk.take("juliet/balcony").first { $0.kind == .message }?.error
        #expect(error?.condition == .forbidden)
    }

    // XEP-0060 §12.4
    @Test func endsASubscriptionWhoseNotificationsComeBack() throws {
        var talk = try approve("romeo/orchard")
        let failure = StanzaError(.itemNotFound).element
        talk.send(
            "juliet/balcony",
            Stanza(.message, type: "error", id: "event-1", to: try JID(Self.romeo), [failure])
        )
        _ = talk.take("juliet/balcony")
        let list = "<pubsub xmlns='\(Namespace.pubsub)'><subscriptions/></pubsub>"
        try talk.ask("juliet/balcony", list, to: Self.romeo, type: "get")
        let answer = talk.take("juliet/balcony").first?.payload?.child("subscriptions")
        #expect(answer?.elements.isEmpty == true)
    }
}

extension Conversation {
    /// An iq, to the sender's own account where no other is named.
    fileprivate mutating func ask(
        _ who: String,
        _ content: String,
        to: String? = nil,
        type: String = "set"
    ) throws {
        let payload = try Element(parsing: Array(content.utf8))
        send(who, Stanza(.iq, type: type, id: "q", to: try to.map { try JID($0) }, [payload]))
    }
}
