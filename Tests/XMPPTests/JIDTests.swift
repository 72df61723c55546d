import Testing
import XMPP

struct JIDTests {
    /// RFC 7622 §3.5, table 1.
    @Test(arguments: [
        ("juliet@example.com", "juliet@example.com"),
        ("juliet@example.com/foo", "juliet@example.com/foo"),
        ("juliet@example.com/foo bar", "juliet@example.com/foo bar"),
        ("juliet@example.com/foo@bar", "juliet@example.com/foo@bar"),
        ("foo\\20bar@example.com", "foo\\20bar@example.com"),
        ("fussball@example.com", "fussball@example.com"),
        ("fu\u{DF}ball@example.com", "fu\u{DF}ball@example.com"),
        ("\u{3C0}@example.com", "\u{3C0}@example.com"),
        ("\u{3A3}@example.com/foo", "\u{3C3}@example.com/foo"),
        ("\u{3C3}@example.com/foo", "\u{3C3}@example.com/foo"),
        ("\u{3C2}@example.com/foo", "\u{3C2}@example.com/foo"),
        ("king@example.com/\u{265A}", "king@example.com/\u{265A}"),
        ("example.com", "example.com"),
        ("example.com/foobar", "example.com/foobar"),
        ("a.example.com/b@example.net", "a.example.com/b@example.net"),
    ])
    func acceptsTheExamplesOfTheSpecification(text: String, prepared: String) throws {
        #expect(try JID(text).description == prepared)
    }

    /// RFC 7622 §3.5, table 2; its number 18, a resource with a space in front, is left out,
    /// because OpaqueString allows it.
    @Test(arguments: [
        ("\"juliet\"@example.com", JIDError.invalid(.local)),
        ("foo bar@example.com", .invalid(.local)),
        ("@example.com/", .empty(.local)),
        ("henry\u{2163}@example.com", .invalid(.local)),
        ("\u{265A}@example.com", .invalid(.local)),
        ("juliet@", .empty(.domain)),
        ("/foobar", .empty(.domain)),
    ])
    func refusesTheExamplesOfTheSpecification(text: String, error: JIDError) {
        #expect(throws: error) { try JID(text) }
    }

    @Test(arguments: [
        ("JULIET@EXAMPLE.com/Foo", "juliet@example.com/Foo"),
        ("juliet@example.com.", "juliet@example.com"),
        ("ｊｕｌｉｅｔ@example.com", "juliet@example.com"),
        ("E\u{301}@example.com", "\u{E9}@example.com"),
        ("a@b\u{FC}cher.example", "a@b\u{FC}cher.example"),
        ("a@BU\u{308}CHER.example", "a@b\u{FC}cher.example"),
        ("a@ドメイン。example", "a@ドメイン.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@192.0.2.1", "a@192.0.2.1"),
        ("a@[2001:DB8::1]/x", "a@[2001:db8::1]/x"),
        ("a@[::]", "a@[::]"),
        ("a@[::ffff:192.0.2.1]", "a@[::ffff:192.0.2.1]"),
        ("a@[1:2:3:4:5:6:7:8]", "a@[1:2:3:4:5:6:7:8]"),
        ("a@b/x\u{3000}y", "a@b/x y"),
        ("a@b/x\u{A0}y", "a@b/x y"),
        ("\u{5D0}\u{5D1}@example.com", "\u{5D0}\u{5D1}@example.com"),
        ("l\u{B7}l@example.com", "l\u{B7}l@example.com"),
        ("\u{915}\u{94D}\u{200D}\u{937}@example.com", "\u{915}\u{94D}\u{200D}\u{937}@example.com"),
    ])
    func givesEqualAddressesOneForm(text: String, prepared: String) throws {
        let jid = try JID(text)
        #expect(Array(jid.description.utf8) == Array(prepared.utf8))
        #expect(try JID(jid.description) == jid)
    }

    @Test(arguments: [
        "a&b", "a'b", "a:b", "a<b", "a>b", "a b", "a\u{7F}b", "a\u{0}b", "a\u{200B}b",
        "\u{FF20}a",  // a fullwidth @
        "\u{378}",  // unassigned
        "\u{E000}",  // for private use
        "a\u{AD}b", "\u{640}", "\u{1100}",
        "\u{B7}", "a\u{200D}b", "a\u{200C}b", "\u{30FB}",
        "\u{627}\u{660}\u{6F0}",  // two kinds of Arabic digits
        "a\u{5D0}", "\u{5D0}a", "1\u{5D0}",  // the Bidi rule
        "\u{FB01}",  // a ligature
        "½", "☃", "a–b",
    ])
    func refusesALocalPart(local: String) {
        #expect(throws: JIDError.invalid(.local)) {
            try JID(local: local, domain: "example.com")
        }
    }

    @Test(arguments: ["a\u{7}b", "a\u{7F}", "\u{378}", "a\u{200B}b", "\u{640}", "\n"])
    func refusesAResource(resource: String) {
        #expect(throws: JIDError.invalid(.resource)) {
            try JID(local: "a", domain: "example.com", resource: resource)
        }
    }

    @Test(arguments: [
        "a b", "a_b", "-a", "a-", "a.-b", "a..b", ".a", ".", "a\u{7F}", "a@b", "a:5222", "a<b>",
        "[::1", "[]", "[:]", "[:::]", "[1::2::3]", "[12345::]", "[1:2:3:4:5:6:7]", "[g::]",
        "[:1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:]", "[1:2:3:4:5:6:7:8:9]", "[::1.2.3]", "[::1.2.3.256]",
        "☃.example", "\u{301}a.example", "ab--ü.example", "-ü", "\u{5D0}a", "a.\u{5D0}1a",
        "\u{2025}.example",
    ])
    func refusesADomain(domain: String) {
        #expect(throws: JIDError.invalid(.domain)) { try JID(local: "a", domain: domain) }
    }

    @Test func refusesNoncharacters() throws {
        let text = String(try #require(Unicode.Scalar(0xFDD0 as UInt32)))
        #expect(throws: JIDError.invalid(.local)) { try JID(local: text, domain: "b") }
        #expect(throws: JIDError.invalid(.resource)) {
            try JID(local: "a", domain: "b", resource: text)
        }
    }

    @Test func limitsEachPart() throws {
        let part = String(repeating: "a", count: JID.maximumPartBytes)
        #expect(try JID(local: part, domain: "b", resource: part).local == part)
        #expect(throws: JIDError.tooLong(.local)) { try JID(local: part + "a", domain: "b") }
        #expect(throws: JIDError.tooLong(.resource)) { try JID("a@b/a" + part) }
        #expect(throws: JIDError.tooLong(.domain)) { try JID(part + "a") }
        // 512 times two bytes.
        let wide = String(repeating: "é", count: 512)
        #expect(throws: JIDError.tooLong(.local)) { try JID(local: wide, domain: "b") }
        // What the mapping makes short enough is short enough.
        let fullwidth = String(repeating: "ａ", count: JID.maximumPartBytes)
        #expect(try JID(local: fullwidth, domain: "b").local == part)
        let label = String(repeating: "a", count: 63)
        #expect(try JID("a@\(label).b").domain == label + ".b")
        #expect(throws: JIDError.invalid(.domain)) { try JID("a@\(label)a.b") }
    }

    @Test func refusesEmptyParts() {
        #expect(throws: JIDError.empty(.domain)) { try JID("") }
        #expect(throws: JIDError.empty(.local)) { try JID("@b") }
        #expect(throws: JIDError.empty(.resource)) { try JID("a@b/") }
    }

    @Test func findsASlashUnderACombiningMark() throws {
        let jid = try JID("a@b/\u{301}c")
        #expect(jid.domain == "b")
        #expect(jid.resource == "\u{301}c")
    }

    @Test func addsAResource() throws {
        let account = try JID("a@b")
        #expect(try account.with(resource: "x") == JID("a@b/x"))
        #expect(try account.with(resource: "x").with(resource: "y").bare == account)
        #expect(throws: JIDError.invalid(.resource)) { try account.with(resource: "\n") }
    }
}

struct PreparedStringTests {
    /// RFC 8265 §4.3, tables 4 and 5.
    @Test func preparesPasswordsAsInTheSpecification() {
        let phrase = "correct horse battery staple"
        #expect(PreparedString.opaque(phrase) == phrase)
        #expect(PreparedString.opaque("Correct Horse Battery Staple") != phrase)
        #expect(PreparedString.opaque("\u{3C0}\u{DF}\u{E5}") == "\u{3C0}\u{DF}\u{E5}")
        #expect(PreparedString.opaque("Jack of \u{2666}s") == "Jack of \u{2666}s")
        #expect(PreparedString.opaque("foo\u{1680}bar") == "foo bar")
        #expect(PreparedString.opaque("") == nil)
        #expect(PreparedString.opaque("my cat is a \u{9}by") == nil)
    }

    @Test func composesAPassword() {
        #expect(PreparedString.opaque("e\u{301}").map { Array($0.utf8) } == [0xC3, 0xA9])
        // Fullwidth letters stay as they are in a password.
        #expect(PreparedString.opaque("Ａ") == "Ａ")
    }

    @Test func preparesNames() {
        #expect(PreparedString.username("Jane.Doe") == "jane.doe")
        #expect(PreparedString.username("") == nil)
        #expect(PreparedString.username("a b") == nil)
    }
}
