import Testing

@testable import Transport

/// What is read of records that strangers wrote.
@Suite struct DNSRecordTests {
    private func srv(_ target: [UInt8]) -> ServiceRecord? {
        ServiceRecord(data: [0, 1, 0, 2, 0x14, 0x66] + target)
    }

    private static let longLabel = [64] + [UInt8](repeating: 0x61, count: 64)
    private static let longName = (0..<128).reduce(into: [UInt8]()) { name, _ in name += [1, 0x61] }

    @Test func readsAServiceRecord() throws {
        let record = try #require(srv(Wire.name("Xmpp.Example.org")))
        #expect(record.priority == 1)
        #expect(record.weight == 2)
        #expect(record.port == 5222)
        #expect(record.target?.text == "xmpp.example.org")
    }

    @Test func readsTheRootAsNoTarget() throws {
        let record = try #require(srv([0]))
        #expect(record.target == nil)
    }

    @Test(
        arguments: [
            [], [1], [1, 0x61], [3, 0x61, 0], [1, 0x61, 0, 0], [1, 0x61, 1], [0xC0, 12],
            Wire.name("a b.example"), Wire.name("a\u{1B}[31m.example"), Wire.name("a\n.example"),
            Wire.name("ü.example"), Wire.name("-a.example"), Wire.name("a_b.example"),
            [3, 0x61, 0x2E, 0x62, 0], [3, 0x61, 0x00, 0x62, 0], longLabel + [0], longName + [0],
        ] as [[UInt8]]
    )
    func refusesWhatIsNoHost(target: [UInt8]) {
        #expect(srv(target) == nil)
    }

    @Test func takesTheLongestName() {
        let label = [63] + [UInt8](repeating: 0x61, count: 63)
        let name = label + label + label + [61] + [UInt8](repeating: 0x61, count: 61)
        #expect(srv(name + [0])?.target?.text.utf8.count == DNSName.maximumLength)
    }

    @Test(arguments: 0..<7)
    func refusesAServiceRecordThatIsCutOff(count: Int) {
        let data: [UInt8] = [0, 1, 0, 2, 0, 3, 0]
        #expect(ServiceRecord(data: Array(data.prefix(count))) == nil)
    }

    @Test func readsAnAssociation() throws {
        let association = try #require(CertificateAssociation(data: [3, 1, 1, 0xAB, 0xCD]))
        #expect(association.usage == 3)
        #expect(association.selector == 1)
        #expect(association.matching == 1)
        #expect(association.data == [0xAB, 0xCD])
        #expect(CertificateAssociation(data: [3, 1, 1]) == nil)
    }

    @Test func putsTheServiceBeforeTheName() throws {
        let name = try #require(DNSName(domain: "bücher.example"))
        let service = DNSName("_xmpp-client._tcp", of: name)
        #expect(service?.text == "_xmpp-client._tcp.xn--bcher-kva.example")
        let label = String(repeating: "a", count: 63)
        let long = try #require(DNSName(domain: "\(label).\(label).\(label).\(label.dropLast(10))"))
        #expect(DNSName("_xmpp-client._tcp", of: long) == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("[::1]", "::1"),
    ])
    func readsAddresses(text: String, address: String) {
        #expect(IPAddress(text)?.description == address)
    }

    @Test(arguments: ["", "[]", "[192.0.2.1]", "192.0.2", "example.org", "::1]", "1::2::3"])
    func readsNoAddressElsewhere(text: String) {
        #expect(IPAddress(text) == nil)
    }
}
