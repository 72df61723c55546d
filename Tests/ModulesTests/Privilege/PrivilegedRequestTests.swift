import Testing
import XMPP

@testable import Modules

/// Requests that a component has accounts send (XEP-0356 §5).
@Suite struct PrivilegedRequestTests {
    typealias Base = PrivilegeTests

    static func conversation(_ access: Privileges.Access = .both) -> Conversation {
        Base.conversation { $0.iq = [Namespace.pubsub: access] }
    }

    static func items() -> Element {
        let items = Element("items", Namespace.pubsub, attributes: [.init("node", "tune")])
        return Element("pubsub", Namespace.pubsub, [items])
    }

    static func publication() -> Element {
        let tune = Element("tune", "http://jabber.org/protocol/tune", text: "x")
        let item = Element("item", Namespace.pubsub, attributes: [.init("id", "one")], [tune])
        let publish = Element(
            "publish",
            Namespace.pubsub,
            attributes: [.init("node", "tune")],
            [item]
        )
        return Element("pubsub", Namespace.pubsub, [publish])
    }

    static func wrapper(
        _ type: String,
        _ payload: Element,
        from: JID = Base.component,
        to: JID = Base.juliet,
        innerFrom: JID? = nil,
        innerTo: JID? = nil,
        innerType: String? = nil,
        namespace: String = Namespace.client
    ) -> Stanza {
        var inner = Stanza(
            .iq,
            type: innerType ?? type,
            id: "inside",
            from: innerFrom,
            to: innerTo,
            [payload]
        ).element
        inner.namespace = namespace
        let wrapped = Element("privileged_iq", Privileges.namespace, [inner])
        return Stanza(.iq, type: type, id: "outside", from: from, to: to, [wrapped])
    }

    /// The iq inside the answer to the component.
    static func inside(_ stanza: Stanza?) -> Stanza? {
        let privilege = stanza?.payload("privilege", Privileges.namespace)
        return privilege.flatMap { try? Forwarded.stanza(in: $0) }
    }

    @Test func publishesAndReadsAsTheAccount() throws {
        var talk = Self.conversation()
        talk.arrive(Self.wrapper("set", Self.publication()))
        var answer = try #require(talk.takeSentAway().first { $0.kind == .iq })
        #expect(answer.type == "result" && answer.id == "outside")
        #expect(answer.from == Base.juliet && answer.to == Base.component)
        let inner = try #require(Self.inside(answer))
        #expect(inner.type == "result" && inner.id == "inside")
        #expect(inner.from == Base.juliet && inner.to == Base.juliet)
        talk.arrive(Self.wrapper("get", Self.items(), innerTo: Base.juliet))
        answer = try #require(talk.takeSentAway().first { $0.kind == .iq })
        let items = Self.inside(answer)?.payload?.child("items")
        #expect(items?.elements.first?["id"] == "one")
    }

    @Test func handsErrorsBackInside() throws {
        var talk = Self.conversation()
        talk.arrive(Self.wrapper("get", Self.items()))
        let answer = try #require(talk.takeSentAway().first)
        #expect(answer.type == "result")
        #expect(Self.inside(answer)?.error?.condition == .itemNotFound)
    }

    @Test func asksElsewhereAndWaits() throws {
        var talk = Self.conversation()
        let away = try JID("friend@elsewhere.example")
        talk.arrive(Self.wrapper("get", Self.items(), innerTo: away))
        let asked = try #require(talk.takeSentAway().first)
        #expect(asked.from == Base.juliet && asked.to == away && asked.id != nil)
        // Nobody else can answer it.
        var answer = asked.result(Self.items())
        answer.from = try JID("other@elsewhere.example")
        talk.arrive(answer)
        #expect(talk.takeSentAway().isEmpty)
        answer.from = away
        talk.arrive(answer)
        let got = try #require(talk.takeSentAway().first)
        #expect(got.to == Base.component && got.id == "outside")
        #expect(Self.inside(got)?.id == "inside")
        #expect(Self.inside(got)?.from == away)
        // Nor a second time.
        talk.arrive(answer)
        #expect(talk.takeSentAway().isEmpty)
    }

    @Test func waitsNotForEver() throws {
        var talk = Self.conversation()
        talk.arrive(Self.wrapper("get", Self.items(), innerTo: try JID("elsewhere.example")))
        let asked = try #require(talk.takeSentAway().first)
        talk.pass(milliseconds: 60_000)
        let got = try #require(talk.takeSentAway().first)
        #expect(got.to == Base.component && got.id == "outside")
        #expect(Base.condition(got) == .remoteServerTimeout)
        talk.arrive(asked.result())
        #expect(talk.takeSentAway().isEmpty)
    }

    /// Each of the conditions of §5.3.
    @Test(arguments: [
        wrapper("get", items(), to: Base.server),
        wrapper("get", items(), to: JID(normalizedLocal: "nobody", domain: "example.com")),
        wrapper(
            "get",
            items(),
            to: JID(normalizedLocal: "juliet", domain: "example.com", resource: "x")
        ),
        wrapper("get", Element("query", Namespace.roster)),
        wrapper("get", items(), innerFrom: Base.romeo),
        wrapper("get", items(), innerFrom: Base.component),
        wrapper("get", items(), innerType: "set"),
        wrapper("get", items(), innerType: "result"),
        wrapper("get", items(), namespace: Namespace.server),
        wrapper("get", items(), from: JID(normalizedLocal: "a", domain: "pep.example.com")),
        wrapper("get", items(), from: JID(normalizedLocal: nil, domain: "other.example.com")),
    ])
    func refuses(_ wrapper: Stanza) throws {
        var talk = Self.conversation()
        try talk.login("juliet/x")
        talk.arrive(wrapper)
        let sent = talk.takeSentAway()
        #expect(sent.count == 1 && sent.first?.id == "outside")
        #expect(Base.condition(sent.first) == .forbidden)
        #expect(talk.take("juliet/x").isEmpty)
    }

    @Test(arguments: [Privileges.Access.get, .set]) func refusesTheOtherType(
        _ access: Privileges.Access
    ) {
        var talk = Self.conversation(access)
        talk.arrive(Self.wrapper("get", Self.items()))
        #expect((Base.condition(talk.takeSentAway().first) == .forbidden) == (access == .set))
        talk.arrive(Self.wrapper("set", Self.publication()))
        let answers = talk.takeSentAway().filter { $0.kind == .iq }
        #expect((Base.condition(answers.first) == .forbidden) == (access == .get))
    }

    @Test func refusesAccountsThemselves() throws {
        var talk = Self.conversation()
        try talk.login("juliet/x")
        for to in [Base.juliet, Base.romeo] {
            talk.send("juliet/x", Self.wrapper("get", Self.items(), to: to))
            #expect(Base.condition(talk.take("juliet/x").first) == .forbidden)
        }
    }

    @Test func letsOnlySoManyWait() throws {
        var talk = Self.conversation()
        let wrapper = Self.wrapper("get", Self.items(), innerTo: try JID("elsewhere.example"))
        for _ in 0..<AccountShard.privilegedRequestsOfOneMaximum { talk.arrive(wrapper) }
        #expect(talk.takeSentAway().allSatisfy { $0.to?.domain == "elsewhere.example" })
        talk.arrive(wrapper)
        #expect(Base.condition(talk.takeSentAway().first) == .resourceConstraint)
    }
}
