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
}
