import Configuration
import Testing

/// The server's processes and the ways between them, as the operator writes them.
@Suite struct LinkConfigurationTests {
    private static let router = """
        role = "router"
        domain = "a.test"
        data = "d"
        [[listeners]]
        security = "plain"

        """
    private static let servers = """
        role = "s2s"
        domain = "a.test"
        data = "d"
        [tls]
        certificate = "c"
        key = "k"
        [federation]

        """
    private static let components = """
        role = "components"
        domain = "a.test"
        data = "d"
        [[components]]
        domain = "bot.a.test"
        secret = "12345678"

        """
    private static let link = """
        [[links]]
        name = "other"
        secret = "0123456789abcdef"

        """

    private func read(
        _ text: String,
        as role: ServerConfiguration.Role? = nil
    ) throws -> ServerConfiguration {
        try ServerConfiguration(ConfigurationFile.parse(text, name: "/etc/l/x.toml"), as: role)
    }

    private func failure(_ text: String, as role: ServerConfiguration.Role? = nil) -> String {
        do {
            _ = try read(text, as: role)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Right ones

    @Test func aRouterHasItsUplink() throws {
        let router = try read(
            Self.router + Self.link
                + """
                listen = "unix:run/link.sock"
                users = ["lapwing-s2s", "1234"]
                uplink = true
                """
        )
        #expect(router.role == .router)
        #expect(router.processName == "router")
        let link = try #require(router.links.first)
        #expect(link.way == .listen(.socket("/etc/l/run/link.sock")))
        #expect(link.users == ["lapwing-s2s", "1234"])
        #expect(link.isUplink)
        #expect(!link.leads(to: "b.test"))
    }

    @Test func aProcessForServersServesTheDomainAndAllBelow() throws {
        let process = try read(Self.servers + Self.link + "connect = \"[::1]:5290\"")
        #expect(process.processName == "s2s")
        #expect(process.listeners.isEmpty)
        let link = try #require(process.links.first)
        #expect(link.way == .connect(.port(host: "::1", 5290)))
        #expect(link.leads(to: "a.test"))
        #expect(link.leads(to: "monitor.a.test"))
        #expect(!link.leads(to: "xa.test"))
        #expect(!link.leads(to: "b.test"))
        #expect(!link.isUplink)
    }

    @Test func aHostOfComponentsHasItsRouterForAllElse() throws {
        let process = try read(Self.components + Self.link + "connect = \"unix:/run/l.sock\"")
        #expect(process.links.first?.isUplink == true)
        #expect(process.components.map(\.domain) == ["bot.a.test"])
    }

    @Test func aFlagGoesBeforeTheFile() throws {
        let text = Self.servers.replacing("role = \"s2s\"\n", with: "")
        let whole = text + Self.link + "connect = \"unix:/run/l.sock\""
        #expect(try read(whole, as: .s2s).role == .s2s)
        #expect(failure(whole).contains("hosts"))
    }

    // MARK: Wrong ones

    private static let listening = link + "listen = \"unix:/a\"\n"
    private static let wrong: [(String, String)] = named.map { (link + $0, $1) } + others
    private static let named: [(String, String)] = [
        ("", "listen"),
        ("listen = \"unix:/a\"\nconnect = \"unix:/a\"\nuplink = true", "one side"),
        ("listen = \"unix:/a\"", "uplink = true"),
        ("listen = \"x\"\nuplink = true", "ADDRESS:PORT"),
        ("listen = \":1\"\nuplink = true", "names no address"),
        ("listen = \"127.0.0.1:1\"\nuplink = true", "certificate"),
        ("listen = \"unix:/a\"\nhosts = [\"a.test\"]", "served already"),
        ("listen = \"unix:/a\"\nhosts = [\"*.a.test\"]", "to be named"),
        ("listen = \"unix:/a\"\nhosts = [\"a b\"]", "not a domain"),
        ("connect = \"unix:/a\"\nuplink = true\nusers = [\"x\"]", "Unix socket only"),
        ("listen = \"unix:/a\"\nuplink = true\nuplnk = true", "uplink"),
    ]
    private static let others: [(String, String)] = [
        ("", "[[links]]"),
        (listening.replacing("0123456789abcdef", with: "short"), "16 bytes"),
        (listening.replacing("other", with: "router"), "taken"),
        (listening.replacing("other", with: "a b"), "A-Z"),
        (listening + "uplink = true\n" + listening, "taken"),
    ]

    @Test(arguments: wrong)
    func aRoutersLinksAreChecked(_ text: String, _ words: String) {
        #expect(failure(Self.router + text).contains(words))
    }

    @Test func onlyOneWayIsForAllOthers() {
        let two =
            Self.link + "listen = \"unix:/a\"\nuplink = true\n"
            + Self.link.replacing("other", with: "second") + "listen = \"unix:/b\"\nuplink = true"
        #expect(failure(Self.router + two).contains("all other domains already"))
    }

    /// The process that components attach to has no accounts over which they could have rights.
    @Test(arguments: [
        "[components.privileges]\nmessage = \"outgoing\"\n",
        "[[components.delegations]]\nnamespace = \"urn:a\"\n",
    ])
    func aProcessWithoutAccountsGrantsNothing(_ rights: String) {
        let link = Self.link + "connect = \"unix:/a\"\n"
        #expect(failure(Self.components + rights + link).contains("need the router's process"))
        #expect(failure(Self.components + link) == "no error")
    }

    @Test func aProcessWithoutAccountsHasNothingOfThem() {
        let link = Self.link + "connect = \"unix:/a\"\n"
        for table in ["[[listeners]]", "[accounts]", "[groups.x]", "[pubsub]", "[fleet]"] {
            #expect(failure(Self.servers + link + table).contains("of no use to role"))
        }
        #expect(failure(Self.components + link + "[federation]").contains("[tls]"))
        #expect(failure(Self.servers).contains("one link"))
        let bare = Self.servers.replacing("[federation]\n", with: "")
        #expect(failure(bare + link).contains("needs [federation]"))
        #expect(failure(Self.servers + link + "uplink = true").contains("is the uplink"))
        #expect(failure(Self.components + link + "hosts = [\"a.test\"]").contains("router has"))
    }

    // MARK: Who reaches what is behind a link

    @Test func theRouterSaysWhoIsReached() throws {
        let hosts = "connect = \"unix:/x\"\nhosts = [\"bot.a.test\"]\n"
        #expect(try read(Self.router + Self.link + hosts).links[0].isFederated)
        let inner = try read(Self.router + Self.link + hosts + "federated = false\n")
        #expect(!inner.links[0].isFederated)
        let uplink = "connect = \"unix:/x\"\nuplink = true\nfederated = false\n"
        #expect(failure(Self.router + Self.link + uplink).contains("this one has none"))
        let connect = "connect = \"unix:/x\"\n"
        let edge = failure(Self.components + Self.link + connect + "federated = false\n")
        #expect(edge.contains("the router's to say"))
        let component = Self.components + "federated = false\n" + Self.link + connect
        #expect(failure(component).contains("the router says that for a link"))
    }
}
