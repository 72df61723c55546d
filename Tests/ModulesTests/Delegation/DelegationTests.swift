import Testing
import XMPP

@testable import Modules

/// Requests that a component answers in the server's place (XEP-0355).
@Suite struct DelegationTests {
    static let component = JID(normalizedLocal: nil, domain: "pep.example.com")
    static let server = JID(normalizedLocal: nil, domain: "example.com")
    static let juliet = Conversation.jid("juliet")
    static let romeo = Conversation.jid("romeo")

    static func delegation(_ namespace: String, _ attributes: [String] = []) -> Delegation {
        Delegation(namespace, attributes: attributes, to: component, over: ["example.com"])
    }

    /// A conversation with a component that is there and has answered nothing yet.
    static func conversation(
        _ delegations: [Delegation] = [delegation(Namespace.pubsub)],
        privileges: [JID: Privileges] = [:]
    ) throws -> Conversation {
        var talk = Conversation(
            ["juliet", "romeo"],
            domains: ["example.net"],
            privileges: privileges,
            delegations: delegations
        )
        talk.attach(component)
        _ = talk.takeSentAway()
        try talk.login("juliet/balcony")
        try talk.login("romeo/orchard")
        return talk
    }

    static func request(
        _ namespace: String = Namespace.pubsub,
        to: JID? = nil,
        from: JID? = nil,
        type: String = "get",
        node: String? = nil
    ) -> Stanza {
        var payload = Element("query", namespace)
        payload["node"] = node
        return Stanza(.iq, type: type, id: "q", from: from, to: to, [payload])
    }

    /// What was sent away first.
    static func sent(_ talk: inout Conversation) throws -> Stanza {
        let sent = talk.takeSentAway().first
        return try #require(sent)
    }

    /// The request inside of what was sent to the component.
    static func inner(_ wrapper: Stanza) throws -> Stanza {
        let delegation = try #require(wrapper.payload("delegation", Delegation.xmlns))
        return try #require(try Forwarded.stanza(in: delegation))
    }

    static func answer(_ wrapper: Stanza, _ inner: Stanza) -> Stanza {
        wrapper.result(Element("delegation", Delegation.xmlns, [Forwarded.element(inner)]))
    }

    static func condition(_ stanza: Stanza?) -> StanzaError.Condition? { stanza?.error?.condition }

    // MARK: Advertisement

    @Test func tellsWhatIsDelegated() throws {
        let delegations = [
            Self.delegation("b", ["node", "x"]), Self.delegation("a"),
            Self.delegation(Delegation.remainingInfo),
            Delegation("c", to: JID(normalizedLocal: nil, domain: "x.test"), over: ["example.com"]),
            Delegation("d", to: Self.component, over: ["example.net"]),
        ]
        var talk = Conversation([], domains: ["example.net"], delegations: delegations)
        talk.attach(Self.component)
        let message = try #require(talk.take(Self.component.domain).first)
        #expect(message.from == Self.server && message.to == Self.component)
        let delegated = try #require(message.payload("delegation", Delegation.xmlns)).elements
        #expect(delegated.map { $0["namespace"] } == ["a", "b", Delegation.remainingInfo])
        #expect(delegated[1].elements.map { $0["name"] } == ["node", "x"])
        #expect(delegated.allSatisfy { $0.name == "delegated" })
    }

    @Test func tellsNothingWhereNothingIsDelegated() {
        var talk = Conversation([], delegations: [Self.delegation("a")])
        talk.attach(JID(normalizedLocal: nil, domain: "other.example.com"))
        #expect(talk.take("other.example.com").isEmpty)
        #expect(talk.takeSentAway().isEmpty)
    }

    // MARK: There and back

    @Test(arguments: [nil, juliet, server], ["get", "set"])
    func sendsRequestsOn(_ to: JID?, _ type: String) throws {
        var talk = try Self.conversation()
        talk.send("juliet/balcony", Self.request(to: to, type: type))
        let wrapper = try Self.sent(&talk)
        #expect(wrapper.type == "set" && wrapper.from == Self.server)
        #expect(wrapper.to == Self.component)
        let inner = try Self.inner(wrapper)
        var sent = Self.request(to: to, type: type)
        sent.from = try JID("juliet@example.com/balcony")
        #expect(inner == sent)
        #expect(talk.take("juliet/balcony").isEmpty)

        let payload = Element("pubsub", Namespace.pubsub)
        talk.arrive(Self.answer(wrapper, inner.result(payload)))
        let reply = talk.reply(to: "q", of: "juliet/balcony")
        let result = try #require(reply)
        #expect(result.type == "result" && result.payload == payload)
        #expect(result.from == to ?? Self.juliet)
        #expect(result.to?.description == "juliet@example.com/balcony")
        // One request, one answer.
        talk.arrive(Self.answer(wrapper, inner.result(payload)))
        #expect(talk.take("juliet/balcony").isEmpty && talk.takeSentAway().isEmpty)
    }

    @Test func sendsRequestsOfOthersOn() throws {
        var talk = try Self.conversation()
        let stranger = try JID("stranger@elsewhere.test/x")
        talk.arrive(Self.request(to: Self.juliet, from: stranger))
        let wrapper = try Self.sent(&talk)
        #expect(try Self.inner(wrapper).from == stranger)
        talk.arrive(Self.answer(wrapper, try Self.inner(wrapper).result()))
        let result = try Self.sent(&talk)
        #expect(result.type == "result" && result.to == stranger && result.from == Self.juliet)
    }

    /// Only requests to the server and to bare addresses that exist.
    @Test func leavesTheRest() throws {
        var talk = try Self.conversation()
        talk.available("romeo/orchard")
        _ = talk.take("romeo/orchard")
        talk.send("juliet/balcony", Self.request(to: try JID("romeo@example.com/orchard")))
        #expect(talk.take("romeo/orchard").count == 1)
        talk.send("juliet/balcony", Self.request(to: Conversation.jid("nobody")))
        #expect(
            Self.condition(talk.reply(to: "q", of: "juliet/balcony")) == .serviceUnavailable
        )
        // Another domain's, and another namespace.
        talk.send(
            "juliet/balcony",
            Self.request(to: JID(normalizedLocal: nil, domain: "example.net"))
        )
        talk.send("juliet/balcony", Self.request(Namespace.ping, to: Self.server))
        #expect(talk.take("juliet/balcony").count == 2)
        var two = Self.request()
        two.children += two.children
        talk.send("juliet/balcony", two)
        #expect(Self.condition(talk.reply(to: "q", of: "juliet/balcony")) == .badRequest)
        #expect(talk.takeSentAway().isEmpty)
    }

    @Test func looksAtAttributes() throws {
        var talk = try Self.conversation([Self.delegation(ArchiveQuery.namespace, ["node"])])
        talk.send("juliet/balcony", Self.request(ArchiveQuery.namespace))
        #expect(talk.takeSentAway().isEmpty)
        #expect(talk.reply(to: "q", of: "juliet/balcony") != nil)
        talk.send("juliet/balcony", Self.request(ArchiveQuery.namespace, node: "n"))
        #expect(talk.takeSentAway().count == 1)
    }

    /// Who asks the component for the roster is told by the server of what changes.
    @Test(arguments: [true, false]) func pushesRosters(_ asks: Bool) throws {
        var privileges = Privileges(over: ["example.com"])
        privileges.roster = .both
        var talk = try Self.conversation(
            [Self.delegation(Namespace.roster)],
            privileges: [Self.component: privileges]
        )
        if asks {
            talk.send("juliet/balcony", Self.request(Namespace.roster))
            let wrapper = try Self.sent(&talk)
            let query = Element("query", Namespace.roster)
            talk.arrive(Self.answer(wrapper, try Self.inner(wrapper).result(query)))
            #expect(talk.reply(to: "q", of: "juliet/balcony")?.type == "result")
        }
        talk.arrive(PrivilegeTests.rosterRequest("set"))
        let pushes = talk.take("juliet/balcony").filter { $0.type == "set" }
        #expect(pushes.count == (asks ? 1 : 0))
    }

    /// Each domain delegates for its own accounts.
    @Test func asksForTheDomainOfTheAccount() throws {
        let both = Delegation(
            Namespace.pubsub,
            to: Self.component,
            over: ["example.com", "example.net"]
        )
        var talk = Conversation(
            ["nurse@example.net"],
            domains: ["example.net"],
            delegations: [both]
        )
        try talk.login("nurse@example.net/x")
        talk.send("nurse@example.net/x", Self.request())
        let wrapper = try Self.sent(&talk)
        #expect(wrapper.from?.description == "example.net")
        talk.arrive(Self.answer(wrapper, try Self.inner(wrapper).result()))
        #expect(talk.reply(to: "q", of: "nurse@example.net/x")?.type == "result")
    }

    // MARK: Bad answers

    @Test(
        arguments: [
            { $0.id = "other" }, { $0.type = "error" }, { $0.type = "get" },
            { $0.from = DelegationTests.romeo }, { $0.to = DelegationTests.romeo },
            { $0.to = DelegationTests.juliet }, { $0.to = nil }, { $0.kind = .message },
            { $0.children = [.element(.init("a", "b")), .element(.init("a", "b"))] },
        ] as [@Sendable (inout Stanza) -> Void]
    )
    func refusesBadAnswers(_ spoil: @Sendable (inout Stanza) -> Void) throws {
        var talk = try Self.conversation()
        talk.send("juliet/balcony", Self.request(to: Self.juliet))
        let wrapper = try Self.sent(&talk)
        var bad = try Self.inner(wrapper).result()
        spoil(&bad)
        talk.arrive(Self.answer(wrapper, bad))
        let got = talk.take("juliet/balcony")
        #expect(got.map(\.id) == ["q"] && got.first?.from == Self.juliet)
        #expect(Self.condition(got.first) == .serviceUnavailable)
        #expect(talk.take("romeo/orchard").isEmpty && talk.takeSentAway().isEmpty)
    }

    @Test func refusesErrorsAndEmptyAnswers() throws {
        var talk = try Self.conversation()
        for isError in [true, false] {
            talk.send("juliet/balcony", Self.request())
            let wrapper = try Self.sent(&talk)
            talk.arrive(isError ? wrapper.failure(StanzaError(.itemNotFound)) : wrapper.result())
            let got = talk.reply(to: "q", of: "juliet/balcony")
            #expect(Self.condition(got) == .serviceUnavailable)
        }
    }

    @Test(arguments: ["other.example.com", "user@pep.example.com", "pep.example.com/x"])
    func takesNoAnswersOfOthers(_ other: String) throws {
        var talk = try Self.conversation()
        talk.send("juliet/balcony", Self.request())
        let wrapper = try Self.sent(&talk)
        var answer = Self.answer(wrapper, try Self.inner(wrapper).result())
        answer.from = try JID(other)
        talk.arrive(answer)
        #expect(talk.take("juliet/balcony").isEmpty)
        answer.from = Self.component
        talk.arrive(answer)
        #expect(talk.reply(to: "q", of: "juliet/balcony")?.type == "result")
    }

    /// As the examples have it: an answer that does not say whom it is from.
    @Test func takesAnswersWithoutASender() throws {
        var talk = try Self.conversation()
        talk.send("juliet/balcony", Self.request(to: Self.romeo))
        let wrapper = try Self.sent(&talk)
        var inner = try Self.inner(wrapper).result()
        inner.from = nil
        talk.arrive(Self.answer(wrapper, inner))
        let reply = talk.reply(to: "q", of: "juliet/balcony")
        let result = try #require(reply)
        #expect(result.type == "result" && result.from == Self.romeo)
    }

    // MARK: No answers

    @Test func waitsForALimitedTime() throws {
        var talk = try Self.conversation()
        talk.send("juliet/balcony", Self.request())
        let wrapper = try Self.sent(&talk)
        talk.pass(milliseconds: 29_000)
        #expect(talk.take("juliet/balcony").isEmpty)
        talk.pass(milliseconds: 2_000)
        let got = talk.reply(to: "q", of: "juliet/balcony")
        #expect(Self.condition(got) == .serviceUnavailable)
        talk.arrive(Self.answer(wrapper, try Self.inner(wrapper).result()))
        #expect(talk.take("juliet/balcony").isEmpty)
    }

    @Test(arguments: [true, false]) func answersForAComponentThatIsGone(_ isReplaced: Bool) throws {
        var talk = try Self.conversation()
        talk.send("juliet/balcony", Self.request())
        _ = talk.takeSentAway()
        if isReplaced { talk.attach(Self.component) } else { talk.detach(Self.component) }
        let got = talk.reply(to: "q", of: "juliet/balcony")
        #expect(Self.condition(got) == .serviceUnavailable)
        // It is asked all the same: that nobody is there is an answer like others.
        _ = talk.takeSentAway()
        talk.send("juliet/balcony", Self.request())
        let wrapper = try Self.sent(&talk)
        talk.arrive(wrapper.failure(StanzaError(.serviceUnavailable, .wait)))
        let refused = talk.reply(to: "q", of: "juliet/balcony")
        #expect(Self.condition(refused) == .serviceUnavailable)
    }

    @Test func letsOneAskSoMuchAtOnce() throws {
        var talk = try Self.conversation()
        for _ in 0..<AccountShard.delegatedRequestsOfOneMaximum {
            talk.send("juliet/balcony", Self.request())
        }
        #expect(talk.takeSentAway().count == AccountShard.delegatedRequestsOfOneMaximum)
        talk.send("juliet/balcony", Self.request())
        #expect(talk.takeSentAway().isEmpty)
        let got = talk.reply(to: "q", of: "juliet/balcony")
        #expect(Self.condition(got) == .resourceConstraint && got?.from == Self.juliet)
        talk.send("romeo/orchard", Self.request(to: Self.juliet))
        #expect(talk.takeSentAway().count == 1)
    }

    // MARK: The component's own requests

    @Test func answersTheComponentItself() throws {
        var talk = try Self.conversation([Self.delegation(Namespace.ping)])
        for to in [Self.server, Self.juliet] {
            talk.arrive(Self.request(Namespace.ping, to: to, from: Self.component))
            let got = talk.takeSentAway()
            #expect(got.map(\.to) == [Self.component] && got.first?.type != "set")
        }
        talk.arrive(
            Self.request(Namespace.ping, to: Self.server, from: try JID("x@pep.example.com"))
        )
        #expect(try Self.inner(try #require(talk.takeSentAway().first)).from?.local == "x")
    }

    /// What it has an account send (XEP-0356) comes back neither.
    @Test func answersWhatTheComponentHasSent() throws {
        var privileges = Privileges(over: ["example.com"])
        privileges.iq = [Namespace.pubsub: .both]
        let other = JID(normalizedLocal: nil, domain: "other.example.com")
        let both = [Self.component: privileges, other: privileges]
        var talk = try Self.conversation(privileges: both)
        typealias Wrapped = PrivilegedRequestTests
        talk.arrive(Wrapped.wrapper("set", Wrapped.publication(), from: Self.component))
        let answer = try Self.sent(&talk)
        #expect(answer.type == "result" && answer.payload?.name == "privilege")
        #expect(!talk.stored.isEmpty)
        // Another component's requests are as the account's.
        talk.arrive(Wrapped.wrapper("set", Wrapped.publication(), from: other))
        let wrapper = try Self.sent(&talk)
        #expect(wrapper.to == Self.component)
        talk.arrive(Self.answer(wrapper, try Self.inner(wrapper).result()))
        let second = try Self.sent(&talk)
        #expect(second.to == other && second.payload?.name == "privilege")
    }

    // MARK: The client mode, which there is not

    @Test(arguments: [
        (Delegation.xmlns, StanzaError.Condition.forbidden), (Namespace.pubsub, .notAllowed),
    ])
    func delegatesNothingUponRequest(
        _ namespace: String,
        _ condition: StanzaError.Condition
    ) throws {
        var talk = try Self.conversation()
        let wanted = Element(
            "delegate",
            Delegation.xmlns,
            attributes: [.init("namespace", namespace)]
        )
        let query = Element("query", Delegation.xmlns, [wanted])
        talk.arrive(
            Stanza(.iq, type: "get", id: "d", from: Self.component, to: Self.server, [query])
        )
        #expect(Self.condition(talk.takeSentAway().first) == condition)
    }
}
