import Testing

@testable import XMPP

@Suite struct DialbackKeysTests {
    /// XEP-0185 §3 and XEP-0220 §2.1.1.
    @Test(arguments: [
        (
            "xmpp.example.com", "example.org", "D60000229F",
            "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"
        ),
        (
            "montague.example", "capulet.example", "D60000229F",
            "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3"
        ),
    ])
    func makesTheKeysOfTheSpecification(
        _ receiving: String,
        _ originating: String,
        _ streamID: String,
        _ key: String
    ) throws {
        let keys = try Link.keys()
        let made = keys.key(receiving: receiving, originating: originating, streamID: streamID)
        #expect(made == key)
        #expect(
            keys.isValid(
                key,
                receiving: receiving,
                originating: originating,
                streamID: streamID
            )
        )
    }

    /// CVE-2016-0756: without something between the fields, a domain could prove itself to be
    /// another that ends like it.
    @Test(arguments: [
        ("a.b", "x.a.b", "1"), ("x.a.b", "a.b", "1"), ("a.bx", ".a.b", "1"),
        ("example.in", "form.example.org", "1"), ("example.info", "rm.example.org", "1"),
        ("a.b", "x.a", ".b1"), ("a.b", "x.a.b1", ""),
    ])
    func tellsNeighbouringFieldsApart(
        _ receiving: String,
        _ originating: String,
        _ streamID: String
    ) throws {
        let keys = try Link.keys()
        let all = [
            ("a.b", "x.a.b", "1"), ("x.a.b", "a.b", "1"), ("a.bx", ".a.b", "1"),
            ("example.in", "form.example.org", "1"), ("example.info", "rm.example.org", "1"),
            ("a.b", "x.a", ".b1"), ("a.b", "x.a.b1", ""),
        ]
        let key = keys.key(receiving: receiving, originating: originating, streamID: streamID)
        let matches = all.filter {
            keys.isValid(key, receiving: $0.0, originating: $0.1, streamID: $0.2)
        }
        #expect(matches.count == 1)
    }

    /// CVE-2016-1232: a secret that can be guessed.
    @Test func wantsALongSecret() {
        #expect(DialbackKeys(secret: Array(repeating: 7, count: 15)) == nil)
        #expect(DialbackKeys(secret: Array("d14lb4ck43v3r".utf8)) == nil)
        #expect(DialbackKeys(secret: Array(repeating: 7, count: 16)) != nil)
    }

    @Test(arguments: [
        "", "37", "g", "37C69B1CF07A3F67C04A5EF5902FA5114F2C76FE4A2686482BA5B89323075643",
    ])
    func refusesWhatIsNotTheKey(_ key: String) throws {
        let keys = try Link.keys()
        #expect(
            !keys.isValid(
                key,
                receiving: "xmpp.example.com",
                originating: "example.org",
                streamID: "D60000229F"
            )
        )
    }

    @Test func refusesTheKeyOfAnotherSecret() throws {
        let key = try Link.keys("another secret of ours").key(
            receiving: "a.example",
            originating: "b.example",
            streamID: "1"
        )
        #expect(
            try !Link.keys().isValid(
                key,
                receiving: "a.example",
                originating: "b.example",
                streamID: "1"
            )
        )
    }
}
