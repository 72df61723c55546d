import Configuration
import Testing

/// Several domains in one configuration.
@Suite struct DomainsTests {
    private static let start =
        "domain = \"a.test\"\ndata = \"d\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n"

    private func read(_ text: String) throws -> ServerConfiguration {
        try ServerConfiguration(ConfigurationFile.parse(text, name: "/etc/l/x.toml"))
    }

    private func failure(_ text: String) -> String {
        do {
            _ = try read(text)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func oneDomainIsAllThereIs() throws {
        let configuration = try read(Self.start)
        #expect(configuration.domains == ["a.test"])
        #expect(configuration.localDomains.map(\.name) == ["a.test"])
        #expect(configuration.localDomains[0].tls == configuration.tls)
        #expect(configuration.certificates.map(\.domain) == ["a.test"])
    }

    @Test func readsFurtherDomains() throws {
        let configuration = try read(
            Self.start + """
                [[domains]]
                domain = "B.test"
                certificate = "b.pem"
                key = "/k/b.key"
                [domains.pubsub]
                domain = "nodes.b.test"
                creators = "administrators"
                administrators = ["root@b.test"]
                [domains.fleet]
                enabled = false
                [[domains]]
                domain = "c.test"
                """
        )
        #expect(configuration.domains == ["a.test", "b.test", "c.test"])
        let (b, c) = (configuration.furtherDomains[0], configuration.furtherDomains[1])
        #expect(b.tls == .init(certificateFile: "/etc/l/b.pem", keyFile: "/k/b.key"))
        #expect(b.pubsub.domain == "nodes.b.test")
        #expect(b.pubsub.creators == .administrators)
        #expect(b.pubsub.administrators == ["root@b.test"])
        #expect(b.fleet.domain == nil)
        // As the first has them: nothing of it but the name.
        #expect(c == .init(name: "c.test"))
        #expect(c.pubsub.domain == "pubsub.c.test")
        #expect(c.fleet.domain == "monitor.c.test")
        #expect(configuration.certificates.map(\.domain) == ["a.test", "b.test"])
        // What the first has is its own.
        #expect(configuration.pubsub.administrators.isEmpty)
    }

    @Test(arguments: [
        ("", "domain: is missing"),
        ("domain = \"\"", "\"\" is not a domain"),
        ("domain = \"x@b.test\"", "\"x@b.test\" is not a domain"),
        ("domain = \"A.test\"", "\"a.test\" is served already"),
        ("domain = \"pubsub.a.test\"", "\"pubsub.a.test\" is served already"),
        ("domain = \"b.test\"\n[[domains]]\ndomain = \"b.test\"", "x.toml:9:10: domain: \"b"),
        (
            "domain = \"b.test\"\n[domains.pubsub]\ndomain = \"monitor.a.test\"",
            "\"monitor.a.test\" is served already"
        ),
        (
            "domain = \"b.test\"\n[domains.pubsub]\ndomain = \"b.test\"",
            "\"b.test\" is the domain of the accounts"
        ),
        (
            "domain = \"b.test\"\n[domains.pubsub]\nadministrators = [\"root\"]",
            "\"root\" is no account: write user@b.test"
        ),
        ("domain = \"b.test\"\ncertificate = \"c\"", "key: is missing"),
        ("domain = \"b.test\"\nkey = \"k\"", "certificate: is missing"),
        ("domain = \"b.test\"\ncertifcate = \"c\"", "did you mean \"certificate\"?"),
        ("domain = \"b.test\"\ndata = \"d\"", "unknown key \"data\""),
    ])
    func refusesBadDomains(text: String, message: String) {
        let found = failure(Self.start + "[[domains]]\n" + text + "\n")
        #expect(found.contains(message), "\(found)")
    }

    @Test func componentsHaveNoneOfTheirNames() {
        let component = "[[components]]\ndomain = \"pubsub.b.test\"\nsecret = \"12345678\"\n"
        let found = failure(Self.start + "[[domains]]\ndomain = \"b.test\"\n" + component)
        #expect(found.contains("\"pubsub.b.test\" is served already"))
    }

    @Test func aCertificateOfItsOwnNeedsOneOfTheFirst() {
        let found = failure(
            """
            domain = "a.test"
            data = "d"
            [[listeners]]
            security = "plain"
            [[domains]]
            domain = "b.test"
            certificate = "c"
            key = "k"
            """
        )
        #expect(found.contains("b.test has a certificate, and a.test has none: write [tls]"))
    }

    @Test func looksAtTheFilesOfAll() throws {
        let configuration = try read(
            Self.start + "[[domains]]\ndomain = \"b.test\"\ncertificate = \"b\"\nkey = \"bk\"\n"
        )
        let problems = configuration.problems().joined(separator: "\n")
        for file in ["/etc/l/c", "/etc/l/k", "/etc/l/b", "/etc/l/bk"] {
            #expect(problems.contains("\(file): cannot be read"))
        }
    }

    @Test func groupsStayWithinADomainUnlessTheySaySo() throws {
        let configuration = try read(
            Self.start + "[groups.a]\nsees = [\"a\"]\n[groups.b]\nspans_domains = true\n"
        )
        #expect(
            configuration.groups
                == [.init(name: "a", sees: ["a"]), .init(name: "b", sees: [], spansDomains: true)]
        )
    }
}
