import Testing
import XMPP

@testable import Modules

/// What components add to disco info, and the questions about it that they answer (XEP-0355 §7.2).
@Suite struct NestedDiscoveryTests {
    typealias Base = DelegationTests

    static func info(_ feature: String, _ identity: String? = nil, form: Bool = false) -> DiscoInfo
    {
        DiscoInfo(
            identities: identity.map { [.init(category: "pubsub", type: $0)] } ?? [],
            features: [feature],
            forms: form ? [Element("x", Namespace.dataForms)] : []
        )
    }

    /// Answers what the component was asked about itself; nil is an error.
    static func answerAll(_ talk: inout Conversation, _ answer: (String) -> DiscoInfo?) {
        for question in talk.takeSentAway() {
            guard let node = question.payload?["node"] else { continue }
            guard var info = answer(node) else {
                talk.arrive(question.failure(StanzaError(.itemNotFound)))
                continue
            }
            info.node = node
            talk.arrive(question.result(info.element))
        }
    }

    static func attached(
        _ delegations: [Delegation] = [Base.delegation(Namespace.pubsub)],
        answer: (String) -> DiscoInfo? = { node in
            node.contains(":bare:")
                ? info("urn:x:account", "pep", form: true) : info("urn:x:server", "service")
        }
    ) throws -> Conversation {
        var talk = Conversation(["juliet", "romeo"], delegations: delegations)
        try talk.login("juliet/balcony")
        talk.attach(Base.component)
        answerAll(&talk, answer)
        return talk
    }

    static func disco(
        _ talk: inout Conversation,
        _ to: JID,
        _ namespace: String = Namespace.discoInfo,
        node: String? = nil
    ) throws -> Stanza {
        talk.send("juliet/balcony", Base.request(namespace, to: to, node: node))
        let reply = talk.reply(to: "q", of: "juliet/balcony")
        return try #require(reply)
    }

    static func info(_ talk: inout Conversation, _ to: JID) throws -> DiscoInfo {
        let payload = try disco(&talk, to).payload
        return try #require(payload.flatMap(DiscoInfo.init))
    }

    @Test func asksForWhatItAdds() throws {
        var talk = Conversation(
            ["juliet"],
            delegations: [
                Base.delegation("urn:a"), Base.delegation(Delegation.remainingInfo),
                Base.delegation(Delegation.remainingItems),
            ]
        )
        talk.attach(Base.component)
        let asked = talk.takeSentAway()
        #expect(
            asked.map { $0.payload?["node"] }
                == ["urn:xmpp:delegation:2::urn:a", "urn:xmpp:delegation:2:bare:urn:a"]
        )
        #expect(asked.allSatisfy { $0.from == Base.server && $0.type == "get" })
        // A second connection is told; the component is not asked again.
        talk.attach(Base.component, isFirst: false)
        #expect(talk.takeSentAway().isEmpty && !talk.take(Base.component.domain).isEmpty)
    }

    @Test func addsWhatTheComponentSays() throws {
        var talk = try Self.attached()
        let server = try Self.info(&talk, Base.server)
        #expect(server.features.contains("urn:x:server"))
        #expect(server.features.contains(Delegation.xmlns))
        #expect(!server.features.contains("urn:x:account") && server.forms.isEmpty)
        #expect(server.identities.map(\.category) == ["server", "pubsub"])
        let account = try Self.info(&talk, Base.juliet)
        #expect(account.features.contains("urn:x:account"))
        #expect(account.features.contains(Namespace.discoInfo))
        #expect(!account.features.contains { $0.hasPrefix(Namespace.pubsub) })
        #expect(!account.features.contains(Namespace.lapwing + "#filters"))
        #expect(account.identities.map(\.type) == ["registered", "pep"])
        #expect(account.forms.count == 1)
    }

    /// Features are not told while nobody is there to have them: neither the component's nor the
    /// server's.
    @Test(arguments: [[], ["node"]]) func forgetsWhatAComponentSaidThatIsGone(
        _ attributes: [String]
    ) throws {
        var talk = try Self.attached([Base.delegation(Namespace.pubsub, attributes)])
        #expect(try Self.info(&talk, Base.juliet).features.contains("urn:x:account"))
        talk.detach(Base.component)
        let account = try Self.info(&talk, Base.juliet)
        #expect(account.features.allSatisfy { $0 != "urn:x:account" && !$0.contains("pubsub") })
        #expect(account.identities.map(\.type) == ["registered"])
        #expect(!(try Self.info(&talk, Base.server).features.contains("urn:x:server")))
        talk.attach(Base.component)
        Self.answerAll(&talk) { _ in Self.info("urn:x:second") }
        #expect(try Self.info(&talk, Base.juliet).features.contains("urn:x:second"))
        // One that takes its place and says nothing.
        talk.attach(Base.component)
        Self.answerAll(&talk) { _ in nil }
        #expect(!(try Self.info(&talk, Base.juliet).features.contains("urn:x:second")))
    }

    @Test func forgetsWhatIsNotSaidInTime() throws {
        var talk = try Self.attached()
        talk.attach(Base.component)
        #expect(try Self.info(&talk, Base.juliet).features.contains("urn:x:account"))
        talk.pass(milliseconds: 31_000)
        #expect(!(try Self.info(&talk, Base.juliet).features.contains("urn:x:account")))
    }

    /// The operator may give it to another, or take it back.
    @Test(arguments: [0, 1, 2]) func followsTheConfiguration(_ change: Int) throws {
        let before = Base.delegation(Namespace.pubsub)
        let other = JID(normalizedLocal: nil, domain: "other.example.com")
        let changed = [
            [Base.delegation(Namespace.ping), before],
            [Delegation(Namespace.pubsub, to: other, over: ["example.com"])], [],
        ]
        var talk = try Self.attached()
        // Asked again; the answers are late.
        talk.attach(Base.component)
        talk.replaceDelegations(with: changed[change])
        let isKept = change == 0
        #expect(try Self.info(&talk, Base.juliet).features.contains("urn:x:account") == isKept)
        Self.answerAll(&talk) { _ in Self.info("urn:x:late") }
        let info = try Self.info(&talk, Base.juliet)
        #expect(info.features.contains("urn:x:late") == isKept)
        #expect(info.features.contains(Namespace.pubsub) == (change == 2))
    }

    @Test func hidesFeaturesByTheirNames() throws {
        var talk = try Self.attached([Base.delegation(Namespace.ping)]) { _ in nil }
        for jid in [Base.server, Base.juliet] {
            let info = try Self.info(&talk, jid)
            #expect(!info.features.contains(Namespace.ping))
            #expect(info.features.contains(Namespace.discoInfo))
        }
        #expect(try Self.info(&talk, Base.juliet).features.contains(Namespace.pubsub))
    }

    @Test(arguments: [0, 1]) func takesOnlySoMuch(_ excess: Int) throws {
        let count = NestedDiscovery.entriesMaximum + excess
        let many = DiscoInfo(features: (0..<count).map { "urn:n:\($0)" })
        var talk = try Self.attached { _ in many }
        let has = try Self.info(&talk, Base.server).features.contains("urn:n:0")
        #expect(has == (excess == 0))
    }

    // MARK: Nodes that the server does not know

    static let remaining = [
        Base.delegation(Namespace.pubsub), Base.delegation(Delegation.remainingInfo),
        Base.delegation(Delegation.remainingItems),
    ]

    @Test func sendsQuestionsAboutNodesOn() throws {
        var talk = try Self.attached(Self.remaining)
        for (namespace, node) in [
            (Namespace.discoInfo, "urn:blog"), (Namespace.discoItems, "urn:blog"),
            (Namespace.discoItems, nil),
        ] as [(String, String?)] {
            let asked = Base.request(namespace, to: Base.juliet, node: node)
            talk.send("juliet/balcony", asked)
            let wrapper = try Base.sent(&talk)
            #expect(try Base.inner(wrapper).payload == asked.payload)
            let inner = try Base.inner(wrapper).result(Element("query", namespace))
            talk.arrive(Base.answer(wrapper, inner))
            #expect(talk.reply(to: "q", of: "juliet/balcony")?.type == "result")
        }
    }

    @Test func answersWhatItKnowsItself() throws {
        var talk = try Self.attached(Self.remaining)
        #expect(try Self.disco(&talk, Base.juliet).type == "result")
        #expect(try Self.disco(&talk, Base.juliet, node: "").type == "result")
        let commands = try Self.disco(&talk, Base.juliet, node: Namespace.commands)
        #expect(commands.type == "result")
        // Of the server itself only whole namespaces are delegated.
        #expect(try Self.disco(&talk, Base.server, Namespace.discoItems).type == "result")
        let unknown = try Self.disco(&talk, Base.server, node: "urn:blog")
        #expect(Base.condition(unknown) == .itemNotFound)
        #expect(talk.takeSentAway().isEmpty)
    }

    /// Where the accounts' nodes are kept here, those that there are stay the server's.
    @Test func answersForItsOwnNodes() throws {
        var talk = try Self.attached(Array(Self.remaining.dropFirst()))
        talk.send(
            "juliet/balcony",
            Stanza(.iq, type: "set", id: "p", [PrivilegedRequestTests.publication()])
        )
        #expect(talk.reply(to: "p", of: "juliet/balcony")?.type == "result")
        #expect(try Self.disco(&talk, Base.juliet, node: "tune").type == "result")
        #expect(
            try Self.disco(&talk, Base.juliet, Namespace.discoItems, node: "tune").type == "result"
        )
        talk.send("juliet/balcony", Base.request(Namespace.discoInfo, to: Base.juliet, node: "z"))
        #expect(talk.takeSentAway().count == 1)
    }

    @Test func sendsAllOfDiscoOnWhereItIsDelegated() throws {
        var talk = try Self.attached([
            Base.delegation(Namespace.discoInfo, ["node"]), Base.delegation(Namespace.discoItems),
        ]) { _ in nil }
        #expect(try Self.disco(&talk, Base.server).type == "result")
        for to in [Base.server, Base.juliet] {
            talk.send("juliet/balcony", Base.request(Namespace.discoInfo, to: to, node: "z"))
            talk.send("juliet/balcony", Base.request(Namespace.discoItems, to: to))
        }
        #expect(talk.takeSentAway().count == 4)
    }

    // MARK: Nodes that were kept here before

    static func tune(_ delegations: [Delegation]) throws -> Conversation {
        var before = Conversation(["juliet", "romeo"])
        try before.login("juliet/balcony")
        before.send(
            "juliet/balcony",
            Stanza(.iq, type: "set", id: "p", [PrivilegedRequestTests.publication()])
        )
        return Conversation(
            ["juliet", "romeo"],
            nodes: before.records,
            delegations: delegations
        )
    }

    /// Nobody is told of the server's own nodes, nor told what is on them.
    @Test(arguments: [true, false]) func setsItsOwnNodesAside(_ isDelegated: Bool) throws {
        var talk = try Self.tune(isDelegated ? [Base.delegation(Namespace.pubsub)] : [])
        try talk.login("juliet/balcony")
        let capabilities = EntityCapabilities(node: "urn:c", hash: "sha-1", verification: "v")
        talk.available("juliet/balcony", [capabilities.element])
        let got = talk.take("juliet/balcony")
        let question = try #require(got.first { $0.payload?.namespace == Namespace.discoInfo })
        var asked = question.result(DiscoInfo(features: ["tune+notify"]).element)
        asked.to = nil
        talk.send("juliet/balcony", asked)
        let events = talk.take("juliet/balcony").filter { $0.kind == .message }
        #expect(events.isEmpty == isDelegated)
        let items = try Self.disco(&talk, Base.juliet, Namespace.discoItems)
        #expect(items.payload?.elements.isEmpty == isDelegated)
        let info = try Self.disco(&talk, Base.juliet, node: "tune")
        #expect(Base.condition(info) == (isDelegated ? .itemNotFound : nil))
    }

    // MARK: Capabilities

    @Test func tellsCapabilitiesThatStay() throws {
        var talk = Conversation(["juliet"])
        try talk.login("juliet/balcony")
        let info = try Self.info(&talk, Base.server)
        #expect(info.features.contains(Namespace.capabilities))
        let capabilities = try #require(DiscoModule.serverCapabilities(in: talk.world))
        #expect(capabilities.confirms(info))
        let answer = try Self.disco(&talk, Base.server, node: capabilities.discoNode)
        let named = try #require(answer.payload.flatMap(DiscoInfo.init))
        #expect(named.node == capabilities.discoNode && named.features == info.features)
        #expect(Base.condition(try Self.disco(&talk, Base.server, node: "x")) == .itemNotFound)
    }

    @Test func tellsNoCapabilitiesThatChange() throws {
        var talk = try Self.attached()
        #expect(DiscoModule.serverCapabilities(in: talk.world) == nil)
        _ = talk.takeSentAway()
    }
}
