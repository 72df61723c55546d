import Configuration
import Testing

/// What components are granted, as the operator writes it.
@Suite struct ComponentConfigurationTests {
    private static let component = """
        domain = "a.test"
        data = "d"
        [[listeners]]
        security = "plain"
        [[components]]
        domain = "g.a.test"
        secret = "12345678"

        """

    private func read(_ text: String) throws -> ServerConfiguration.Component {
        let file = try ConfigurationFile.parse(Self.component + text, name: "/etc/l/x.toml")
        return try #require(try ServerConfiguration(file).components.first)
    }

    private func failure(_ text: String) -> String {
        do {
            _ = try read(text)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func grantsNothingUnasked() throws {
        #expect(try read("").privileges == .init())
        #expect(try read("[components.privileges]\n").privileges == .init())
    }

    @Test func reachesOthersUnlessTold() throws {
        #expect(try read("").isFederated)
        #expect(try !read("federated = false\n").isFederated)
        #expect(failure("federated = \"no\"\n").contains("federated"))
    }

    @Test(arguments: [("", 20_000), ("0", 0), ("500", 500)])
    func limitsStanzas(_ value: String, _ expected: Int) throws {
        let key = value.isEmpty ? "" : "stanzas_per_second = \(value)\n"
        let text = Self.component + "[component_listener]\n" + key
        let file = try ConfigurationFile.parse(text, name: "/etc/l/x.toml")
        #expect(try ServerConfiguration(file).componentListener.stanzasPerSecond == expected)
    }

    @Test func readsPrivileges() throws {
        let component = try read(
            """
            [components.privileges]
            roster = "both"
            roster_push = false
            message = "outgoing"
            presence = "roster"
            [components.privileges.iq]
            "http://jabber.org/protocol/pubsub" = "both"
            "urn:none" = "none"
            """
        )
        var wanted = ServerConfiguration.Component.Privileges()
        wanted.roster = .both
        wanted.rosterPush = false
        wanted.message = .outgoing
        wanted.presence = .contacts
        wanted.iq = ["http://jabber.org/protocol/pubsub": .both]
        #expect(component.privileges == wanted)
    }

    @Test func isOverDomainsOfAccountsOnly() throws {
        #expect(try read("").accountsOf == nil)
        #expect(try read("accounts_of = [\"A.test\"]\n").accountsOf == ["a.test"])
        #expect(failure("accounts_of = [\"g.a.test\"]\n").contains("is no domain of accounts"))
    }

    @Test(arguments: [
        ("roster = \"all\"", "is not one of"),
        ("roster_push = true", "needs roster"),
        ("roster = \"set\"\nroster_push = true", "needs roster"),
        ("presence = \"roster\"", "needs roster"),
        ("roster = \"set\"\npresence = \"roster\"", "needs roster"),
        ("iq = { \"urn:a\" = \"all\" }", "is not one of"),
        ("rooster = \"get\"", "did you mean"),
    ])
    func refusesPrivileges(_ text: String, _ message: String) {
        #expect(failure("[components.privileges]\n" + text).contains(message))
    }

    // MARK: Delegations

    private static let pubsub = "http://jabber.org/protocol/pubsub"

    private func delegation(_ namespace: String, _ more: String = "") -> String {
        "[[components.delegations]]\nnamespace = \"\(namespace)\"\n\(more)\n"
    }

    private func other(_ text: String, of domain: String? = nil) -> String {
        let accounts = domain.map { "accounts_of = [\"\($0)\"]\n" } ?? ""
        return "[[components]]\ndomain = \"h.a.test\"\nsecret = \"12345678\"\n" + accounts + text
    }

    @Test func readsDelegations() throws {
        #expect(try read("").delegations.isEmpty)
        let remaining = "urn:xmpp:delegation:2:bare:disco#info:*"
        let text =
            delegation(Self.pubsub) + delegation("urn:xmpp:mam:2", "attributes = [\"node\", \"x\"]")
            + delegation(remaining)
        #expect(
            try read(text).delegations
                == [
                    .init(Self.pubsub), .init("urn:xmpp:mam:2", attributes: ["node", "x"]),
                    .init(remaining),
                ]
        )
    }

    @Test(arguments: [
        ("namespace = \"urn:xmpp:delegation:2\"", "the server itself"),
        ("namespace = \"urn:xmpp:delegation:1\"", "the server itself"),
        ("namespace = \"urn:xmpp:delegation:2:bare:urn:a\"", "the server itself"),
        ("namespace = \"urn:ietf:params:xml:ns:xmpp-bind\"", "the server itself"),
        ("namespace = \"urn:xmpp:privilege:2\"", "the server itself"),
        ("namespace = \"\"", "is missing"),
        ("attributes = [\"node\"]", "is missing"),
        ("namespace = \"urn:a\"\nattributes = [\"\"]", "has no name"),
        ("namespace = \"urn:a\"\nattribute = \"node\"", "did you mean"),
        (
            "namespace = \"urn:xmpp:delegation:2:bare:disco#info:*\"\nattributes = [\"a\"]",
            "delegated whole"
        ),
        (
            "namespace = \"urn:a\"\n[[components.delegations]]\nnamespace = \"urn:a\"",
            "stands here twice"
        ),
    ])
    func refusesDelegations(_ text: String, _ message: String) {
        let error = failure("[[components.delegations]]\n" + text + "\n")
        #expect(error.contains(message) && error.contains("/etc/l/x.toml:"))
    }

    /// One namespace of one domain is one component's.
    @Test func refusesOneNamespaceForTwo() {
        let first = delegation(Self.pubsub)
        let error = failure(first + other(delegation(Self.pubsub)))
        #expect(error.contains("of a.test is g.a.test's already"))
        #expect(failure(first + other(delegation("urn:b"))) == "no error")
        let two = "[[domains]]\ndomain = \"b.test\"\n"
        #expect(failure(first + other(delegation(Self.pubsub), of: "b.test") + two) == "no error")
        #expect(failure(first + other(delegation(Self.pubsub), of: "a.test") + two) != "no error")
    }

    @Test func warnsOfHalfAService() throws {
        func warnings(_ text: String) throws -> [String] {
            let file = try ConfigurationFile.parse(Self.component + text, name: "x.toml")
            return try ServerConfiguration(file).warnings
        }
        #expect(try warnings(delegation(Self.pubsub)).count == 1)
        let both = delegation(Self.pubsub) + delegation(Self.pubsub + "#owner")
        #expect(try warnings(both).isEmpty)
    }
}
