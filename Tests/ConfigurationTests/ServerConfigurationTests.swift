import Configuration
import Testing

@Suite struct ServerConfigurationTests {
    private let tls = "[tls]\ncertificate = \"c\"\nkey = \"k\"\n"

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

    private var samplePath: String {
        String(#filePath.split(separator: "/Tests/ConfigurationTests")[0]) + "/deploy/lapwing.toml"
    }

    @Test func readsTheSample() throws {
        let sample = try ServerConfiguration.read(samplePath)
        #expect(sample.domain == "example.org")
        #expect(sample.controlSocket == "/var/lib/lapwing/control/control.sock")
        #expect(sample.listeners.map(\.port) == [5222, 5223])
        #expect(sample.groups == ServerConfiguration.Group.usual)
    }

    @Test func theSampleShowsTheDefaults() throws {
        // Every commented key is taken in: it must be known and change nothing.
        let sample = try ConfigurationFileText.read(samplePath)
        let lines = sample.split(separator: "\n", omittingEmptySubsequences: false)
        let shown = lines.map { line in
            line.hasPrefix("# ") && line.contains(" = ") && !line.contains("helps")
                ? line.dropFirst(2) : line
        }
        let all = try ServerConfiguration(
            ConfigurationFile.parse(shown.joined(separator: "\n"), name: samplePath)
        )
        #expect(try all == ServerConfiguration.read(samplePath))
        let keys = shown.filter { $0.contains(" = ") }.count
        #expect(keys >= 30)
    }

    private static let component =
        "domain = \"a.test\"\ndata = \"d\"\n[[listeners]]\nsecurity = \"plain\"\n[[components]]\n"

    @Test func readsComponents() throws {
        let text = Self.component + "domain = \"G.a.test\"\nsecret = \"12345678\"\n"
        let configuration = try read(text + "several = \"share\"\n")
        #expect(
            configuration.components
                == [.init(domain: "g.a.test", secret: "12345678", several: .share)]
        )
        #expect(configuration.componentListener.address == "127.0.0.1")
        #expect(configuration.warnings.isEmpty)
        let open = try read(text + "[component_listener]\naddress = \"::\"\n")
        #expect(open.warnings.count == 1)
        #expect(open.warnings[0].contains("who reaches :: port 5347 can try secrets"))
    }

    @Test(arguments: [
        ("secret = \"12345678\"\n", "domain: is missing"),
        ("domain = \"g.a.test\"\n", "secret: is missing"),
        ("domain = \"g.a.test\"\nsecret = \"1\"\n", "secret: has fewer than 8 bytes"),
        ("domain = \"x@g\"\nsecret = \"12345678\"\n", "\"x@g\" is not a domain"),
        ("domain = \"pubsub.a.test\"\nsecret = \"12345678\"\n", "is served already"),
        (
            "domain = \"g.a.test\"\nsecret = \"12345678\"\n"
                + "[component_listener]\nsecurity = \"starttls\"\n",
            "components know \"plain\" and \"tls\" only"
        ),
        (
            "domain = \"g.a.test\"\nsecret = \"12345678\"\n"
                + "[component_listener]\nsecurity = \"tls\"\n",
            "needs a certificate"
        ),
    ])
    func refusesBadComponents(text: String, message: String) {
        #expect(failure(Self.component + text).contains(message))
    }

    @Test func readsWhatIsKeptOfThePast() throws {
        let start = "domain = \"a\"\ndata = \"d\"\n" + tls + "[history]\n"
        #expect(try read(start).history == .init())
        let few = try read(
            start + "minutes = \"2h\"\nhours = \"36h\"\nsize_per_node = \"64KiB\"\n"
        ).history
        #expect(few.isEnabled)
        #expect(few.minutes == .seconds(7_200))
        #expect(few.hours == .seconds(36 * 3_600))
        #expect(few.bytesPerNode == 65_536)
        let much = try read(
            start + "minutes = \"32d\"\nhours = \"3660d\"\nsize_per_node = 1073741824\n"
        ).history
        #expect(much.minutes == .seconds(32 * 86_400))
        #expect(much.hours == .seconds(3_660 * 86_400))
        #expect(much.bytesPerNode == 1 << 30)
        #expect(try read(start + "enabled = false\n").history.isEnabled == false)
    }

    @Test(arguments: [
        ("minutes = \"59m\"", "x.toml:4:11: minutes: must be between 1h and 32d"),
        ("minutes = \"33d\"", "minutes: must be between 1h and 32d"),
        ("hours = \"59m\"", "hours: must be between 1h and 3660d"),
        ("hours = \"3661d\"", "hours: must be between 1h and 3660d"),
        ("size_per_node = \"63KiB\"", "size_per_node: must be between 64KiB and 1GiB"),
        ("size_per_node = \"2GiB\"", "size_per_node: must be between 64KiB and 1GiB"),
        ("hours = 24", "x.toml:4:9: hours: expected a time with its unit"),
        ("enabled = \"no\"", "enabled"),
        ("days = \"30d\"", "unknown key \"days\""),
    ])
    func saysWhatIsWrongOfThePast(line: String, message: String) {
        let found = failure("domain = \"a\"\ndata = \"d\"\n[history]\n" + line + "\n")
        #expect(found.contains(message), "\(found)")
    }

    @Test func resolvesPathsFromTheFilesDirectory() throws {
        let configuration = try read("domain = \"EXAMPLE.org\"\ndata = \"d/\"\n" + tls)
        #expect(configuration.domain == "example.org")
        #expect(configuration.dataDirectory == "/etc/l/d")
        #expect(configuration.tls?.keyFile == "/etc/l/k")
        #expect(configuration.listeners.map(\.security) == [.startTLS, .direct])
    }

    @Test(arguments: [
        ("data = \"d\"\n", "domain: is missing; write for example: domain = \"example.org\""),
        ("domain = \"a b\"\n", "x.toml:1:10: domain: \"a b\" is not a domain"),
        ("domain = \"a\"\n", "data: is missing"),
        ("domain = \"a\"\ndata = \"d\"\n", "the listener on port 5222 needs a certificate"),
        ("domain = \"a\"\ndata = \"d\"\ndomian = \"b\"\n", "x.toml:3:1: unknown key \"domian\""),
        ("domain = \"a\"\ndata = \"d\"\nlog_level = \"loud\"\n", "x.toml:3:13: log_level"),
        ("domain = \"a\"\ndata = \"d\"\nevent_loops = 65\n", "x.toml:3:15: event_loops"),
        (
            "domain = \"a\"\ndata = \"d\"\n[[listeners]]\nsecurity = \"plain\"\naddress = \"::\"\n",
            "x.toml:5:11: address: \"plain\" sends passwords in the clear"
        ),
        (
            "domain = \"a\"\ndata = \"d\"\n[groups.a]\nsees = [\"b\"]\n",
            "no group; write [groups.b]"
        ),
        (
            "domain = \"a\"\ndata = \"d\"\n[limits]\nstanza_size = \"1KiB\"\n",
            "x.toml:4:15: stanza_size: must be between 10000B and 16MiB"
        ),
        (
            "domain = \"a\"\ndata = \"d\"\n[limits]\ngone_after = \"15s\"\n",
            "x.toml:4:14: gone_after: must be longer than ping_after"
        ),
    ])
    func pointsAtWhatIsWrong(text: String, message: String) {
        #expect(failure(text).contains(message))
    }

    @Test func allowsPlainOnLoopbackWithoutACertificate() throws {
        let configuration = try read(
            "domain = \"a\"\ndata = \"/d\"\n[[listeners]]\nsecurity = \"plain\"\nport = 0\n"
        )
        #expect(configuration.listeners.first?.address == "127.0.0.1")
        #expect(configuration.tls == nil)
    }

    @Test func refusesASocketPathThatIsTooLong() throws {
        let data = "/" + String(repeating: "d", count: 80)
        let plain = "[[listeners]]\nsecurity = \"plain\"\n"
        let fits = try read("domain = \"a\"\ndata = \"\(data)\"\n" + plain)
        #expect(fits.controlSocket.utf8.count == 102)
        #expect(failure("domain = \"a\"\ndata = \"\(data)dd\"\n" + plain).contains("103 bytes"))
    }

    @Test func readsWhereDNSSECBegins() throws {
        let start = "domain = \"a\"\ndata = \"/d\"\n" + tls + "[names]\n"
        let usual = try read(start).names
        #expect(usual.isSecured)
        #expect(usual.trustAnchorFile == nil)
        let names = try read(start + "trust_anchor = \"anchors\"\n").names
        #expect(names.trustAnchorFile == "/etc/l/anchors")
        #expect(try !read(start + "dnssec = false\n").names.isSecured)
        let both = failure(start + "dnssec = false\ntrust_anchor = \"anchors\"\n")
        #expect(both.contains("trust_anchor: is of no use with \"dnssec = false\""))
    }

    @Test func namesFilesThatAreNotThere() throws {
        let configuration = try read("domain = \"a\"\ndata = \"/d\"\n" + tls)
        let problems = configuration.problems()
        #expect(problems.count == 2)
        #expect(problems.first?.hasPrefix("/etc/l/c: cannot be read") == true)
    }
}
