import Testing
import XMPP

@testable import Telemetry

/// Whichever way a payload is read, it says the same.
struct SampleBytesTests {
    private static let head =
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00.123Z' seq='7' run='r' level='info'>"

    /// What either way of reading makes of the markup; nil where it is refused.
    private func read(_ markup: String) throws -> (bytes: Sample?, tree: Sample?) {
        let bytes = Array(markup.utf8)
        return (try? Sample(parsing: bytes), try? Sample(Element(parsing: bytes)))
    }

    @Test func readsWhatAnAgentWrites() throws {
        let sample = Sample(
            at: Instant(milliseconds: 1_795_352_400_123),
            seq: 1841,
            run: "f3a1",
            level: .critical,
            values: [
                SampleValue("user", 12.3), SampleValue("idle", nil), SampleValue("zero", 0),
                SampleValue("small", 0.00012345), SampleValue("large", 9_007_199_254_740_992),
                SampleValue("tiny", 1e-30), SampleValue("below", -2.5),
            ],
            labels: [Label("fs", "<&>"), Label("empty", "")],
            instances: [
                SampleInstance("/a'b", values: [SampleValue("used", 1.5)]),
                SampleInstance("eth0", values: [SampleValue("rx", 1)], labels: [Label("l", "é")]),
                SampleInstance("none"),
            ],
            truncated: 2
        )
        #expect(try Sample(parsing: sample.raw.bytes) == sample)
        var plain = sample
        plain.labels = [Label("fs", "/var")]
        plain.instances.removeFirst()
        #expect(try Sample(parsing: plain.raw.bytes) == plain)
    }

    @Test(arguments: [
        "<v n='a'>1</v>", "<v n=\"a\">1</v>", "<v n='a'>-0.5</v>", "<v n='a'>1.</v>",
        "<v n='a'>.5</v>", "<v n='a'> 1 </v>", "<v n='a'>1e5</v>", "<v n='a'>+1</v>",
        "<v n='a'>123456789012345</v>", "<v n='a'>1234567890123456</v>",
        "<v n='a'>0.000000000000001</v>", "<v n='a'>00000000000000000001</v>",
        "<v n='a' unknown='1'/>", "<v n='a' unknown='true'/>", "<v n='a' unknown='0'>3</v>",
        "<v n='a' unknown='1'>3</v>", "<v n='a' unknown='1'></v>", "<v n='a'/>", "<v n='a'></v>",
        "<v>1</v>", "<v n=''>1</v>", "<v n='&amp;'>1</v>", "<v n='a' z='b'>1</v>",
        "<v n='a' name='b'>1</v>", "<v n='a' >1</v>", "<v n='a'\n>1</v>", "<v n='a'>1</v >",
        "<v n='a'>1<!-- --></v>", "<v n='a'>x</v>", "<v n='a'>nan</v>", "<v n='a'>--1</v>",
        "<v n='a'><b/>1</v>", "<v xmlns='urn:other' n='a'>1</v>", "<w n='a'>1</w>", "<i n='x'/>",
        "<i n='x'><v n='a'>1</v></i><v n='b'>2</v>", "<i n='x'><i n='y'/></i>", "<i><v/></i>",
        "<i n='x'> <v n='a'>1</v></i>", "<info/>", "<label n='l'>text</label>", "<label n='l'/>",
        "<label n='l'>a&lt;b</label>", "<label n='l'><![CDATA[<]]></label>", "<labels/>",
        "<label n='l'>a\r\nb</label>", "<v n='a\tb'>1</v>", "<v n='ä'>1</v>", "text", "",
    ])
    func agreesWithTheTree(_ content: String) throws {
        let (bytes, tree) = try read(Self.head + content + "</sample>")
        #expect(bytes == tree)
    }

    @Test(arguments: [
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z'/>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z'></sample>",
        "<sample xml:lang='en' xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z'></sample>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z' truncated='4'></sample>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z' truncated='-4'></sample>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z' seq='x'></sample>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z' level='future'></sample>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z' future='1'></sample>",
        "<sample xmlns='urn:lapwing:1' at='noon'></sample>",
        "<sample xmlns='urn:lapwing:1'></sample>", "<sample at='2026-11-21T13:00:00Z'></sample>",
        "<sample xmlns='urn:lapwing:1' xmlns:x='urn:x' at='2026-11-21T13:00:00Z'></sample>",
        "<l:sample xmlns:l='urn:lapwing:1' at='2026-11-21T13:00:00Z'></l:sample>",
        "<samples xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z'></samples>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z'></sample><more/>",
        "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00Z'", "<sample", "<", "",
    ])
    func agreesWithTheTreeAboutTheRoot(_ markup: String) throws {
        let (bytes, tree) = try read(markup)
        #expect(bytes == tree)
    }

    @Test func survivesACutAtEveryByte() throws {
        let whole = Array(
            (Self.head + "<v n='a'>1.5</v><label n='l'>t</label><i n='x'><v n='b' unknown='1'/></i>"
                + "</sample>").utf8
        )
        for count in 0..<whole.count {
            #expect(throws: (any Error).self) { try Sample(parsing: Array(whole[..<count])) }
        }
        #expect(try Sample(parsing: whole).values == [SampleValue("a", 1.5)])
    }

    @Test func keepsTheLimitsOfTheTree() throws {
        let most = (0..<PayloadLimits.values).map { "<v n='v\($0)'>1</v>" }.joined()
        #expect(
            try read(Self.head + most + "</sample>").bytes?.values.count == PayloadLimits.values
        )
        #expect(try read(Self.head + most + "<v n='x'>1</v></sample>").bytes == nil)
        let name = String(repeating: "n", count: PayloadLimits.nameBytes)
        #expect(try read(Self.head + "<v n='\(name)'>1</v></sample>").bytes != nil)
        #expect(try read(Self.head + "<v n='\(name)n'>1</v></sample>").bytes == nil)
        let text = String(repeating: "t", count: PayloadLimits.textBytes)
        #expect(try read(Self.head + "<label n='l'>\(text)</label></sample>").bytes != nil)
        #expect(try read(Self.head + "<label n='l'>\(text)t</label></sample>").bytes == nil)
    }
}
