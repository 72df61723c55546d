import Testing
import XMPP

@testable import Federation

@Suite("Link, ranges")
struct LinkRangesTests {
    @Test(
        arguments: [
            ([], ""), ([7], "7"), ([3, 1, 2], "1-3"), ([1, 2, 3, 5, 9, 8], "1-3 5 8-9"),
            ([4, 4, 4], "4"), ([.max - 1, .max], "18446744073709551614-18446744073709551615"),
        ] as [([UInt64], String)]
    )
    func areWrittenAndRead(_ numbers: [UInt64], _ text: String) throws {
        #expect(LinkRanges(numbers).text == text)
        let read = try #require(LinkRanges(text))
        #expect(read == LinkRanges(numbers))
        #expect(read.numbers(through: .max, most: 100) == Set(numbers).sorted())
    }

    @Test(arguments: [
        " ", "1 ", " 1", "1  2", "0", "0-3", "3-1", "3-3", "2 1", "1-4 4", "1 1", "1-", "-1",
        "1-2-3", "+1", "x", "1,2", "18446744073709551616", "99999999999999999999999", "١",
    ])
    func refuse(_ text: String) {
        #expect(LinkRanges(text) == nil)
    }

    @Test func refuseMoreThanThereMayBe() {
        let most = stride(from: 1, to: 2 * LinkRanges.rangesMax, by: 2).map(String.init)
        #expect(LinkRanges(most.joined(separator: " ")) != nil)
        #expect(LinkRanges((most + ["9999999"]).joined(separator: " ")) == nil)
    }

    @Test func areNotCountedOutBeforeTheyAreLookedAt() throws {
        let all = try #require(LinkRanges("1-18446744073709551615"))
        #expect(all.numbers(through: .max, most: 1000) == nil)
        #expect(all.numbers(through: 10, most: 1000) == nil)
        let ten = try #require(LinkRanges("1-5 7-11"))
        #expect(ten.numbers(through: 11, most: 10)?.count == 10)
        #expect(ten.numbers(through: 11, most: 9) == nil)
        #expect(ten.numbers(through: 10, most: 10) == nil)
    }

    /// It goes to the sender of every stanza that comes back.
    @Test func errorsHaveNoMoreThanTheyNeed() throws {
        let long = String(repeating: "\u{e9}", count: LinkMessage.errorTextMax + 1)
        let error = StanzaError(
            .gone,
            text: long,
            address: long,
            detail: Element("much", "urn:example", text: long)
        )
        let message = LinkMessage.returned(LinkRanges([1]), error)
        let text = String(long.dropLast())
        #expect(
            try LinkMessage(message.element)
                == .returned(LinkRanges([1]), StanzaError(.gone, text: text))
        )
    }

    @Test(arguments: [
        LinkMessage.state(LinkState(session: nil)),
        .state(LinkState(session: 3, read: 9, withdrawn: LinkRanges([1, 2]))), .started,
        .read(.max), .fates(LinkFates(written: LinkRanges([4]), unknown: LinkRanges([1]))),
        .returned(LinkRanges([5, 6]), StanzaError(.remoteServerNotFound, text: "no such host")),
    ])
    func areReadAsTheyWereWritten(_ message: LinkMessage) throws {
        let parser = XMLStreamParser(limits: .link)
        var writer = XMLWriter()
        writer.write(StreamHeader(namespace: Namespace.server))
        writer.write(raw: message.element.serialized(in: Namespace.server))
        guard case .element(let element) = try parser.feed(writer.bytes).last else {
            Issue.record("not an element")
            return
        }
        #expect(try LinkMessage(element) == message)
    }

    @Test(arguments: 0..<50)
    func knowWhatIsInThem(seed: Int) {
        func numbers(_ factor: Int) -> [UInt64] {
            (1...40).filter { $0 * factor % 7 < 3 + seed % 3 }.map(UInt64.init)
        }
        let one = numbers(seed + 1)
        let other = numbers(3 * seed + 2)
        let ranges = LinkRanges(one)
        for number in 0...41 as ClosedRange<UInt64> {
            #expect(ranges.contains(number) == one.contains(number))
        }
        let isDisjoint = Set(one).isDisjoint(with: other)
        #expect(ranges.isDisjoint(with: LinkRanges(other)) == isDisjoint)
        #expect(LinkRanges(other).isDisjoint(with: ranges) == isDisjoint)
        #expect(ranges.isDisjoint(with: LinkRanges()))
    }
}
