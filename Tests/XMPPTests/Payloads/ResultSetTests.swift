import Testing
import XMPP

// XEP-0059
@Suite struct ResultSetTests {
    private static let letters = "abcdefghij".map { String($0) }

    private func read(_ content: String) throws -> ResultSetRequest? {
        let markup = "<q xmlns='urn:t'>\(content)</q>"
        return try ResultSetRequest.read(in: Element(parsing: Array(markup.utf8)))
    }

    private func set(_ content: String) throws -> ResultSetRequest? {
        try read("<set xmlns='http://jabber.org/protocol/rsm'>\(content)</set>")
    }

    @Test func findsNoRequestWhereThereIsNone() throws {
        #expect(try read("<set/>") == nil)
        #expect(try set("") == ResultSetRequest())
    }

    @Test(arguments: [
        ("<max>10</max>", ResultSetRequest(max: 10)),
        ("<max> 10\n</max>", ResultSetRequest(max: 10)),
        ("<max>0</max>", ResultSetRequest(max: 0)),
        ("<max>10</max><before/>", ResultSetRequest(.last, max: 10)),
        ("<before>b</before>", ResultSetRequest(.before("b"))),
        ("<after>a</after><max>2</max>", ResultSetRequest(.after("a"), max: 2)),
        ("<index>371</index><max>10</max>", ResultSetRequest(.index(371), max: 10)),
        ("<unknown/><max>1</max>", ResultSetRequest(max: 1)),
    ])
    func readsWhatIsAskedFor(_ content: String, _ request: ResultSetRequest) throws {
        #expect(try set(content) == request)
    }

    @Test(arguments: [
        "<max>-1</max>", "<max>ten</max>", "<max/>", "<max>1 0</max>", "<max>1.5</max>",
        "<max>99999999999999999999</max>", "<index>-1</index>", "<index/>",
        "<after>a</after><before>b</before>", "<after>a</after><index>1</index>",
    ])
    func refusesWhatCannotBeMeant(_ content: String) throws {
        #expect { try set(content) } throws: { ($0 as? StanzaError)?.condition == .badRequest }
    }

    @Test func readsIdsUpToTheLimit() throws {
        let longest = String(repeating: "i", count: ResultSetRequest.idBytesMaximum)
        #expect(try set("<after>\(longest)</after>")?.place == .after(longest))
        #expect(throws: StanzaError.self) { try set("<after>\(longest)i</after>") }
        #expect(throws: StanzaError.self) { try set("<before>\(longest)i</before>") }
    }

    @Test(arguments: [
        ResultSetRequest(), ResultSetRequest(.last, max: 5), ResultSetRequest(.after("<a>")),
        ResultSetRequest(.before("b"), max: 0), ResultSetRequest(.index(3), max: 9),
    ])
    func readsTheRequestThatItWrites(_ request: ResultSetRequest) throws {
        let element = try Element(parsing: request.element.serialized())
        #expect(try ResultSetRequest(element) == request)
    }

    // MARK: Pages

    private func page(
        _ place: ResultSetRequest.Place,
        max: Int? = nil,
        limit: Int = ResultSetRequest.pageMaximum
    ) throws -> String {
        let (page, answer) = try ResultSetRequest(place, max: max)
            .page(of: Self.letters, limit: limit)
        let entries = Self.letters[page.range]
        #expect(answer.first == entries.first)
        #expect(answer.last == entries.last)
        #expect(answer.count == 10)
        return entries.joined() + (page.isComplete ? "." : "")
    }

    @Test func pagesForwards() throws {
        #expect(try page(.first, max: 4) == "abcd")
        #expect(try page(.after("d"), max: 4) == "efgh")
        #expect(try page(.after("h"), max: 4) == "ij.")
        #expect(try page(.after("j"), max: 4) == ".")
        #expect(try page(.first) == "abcdefghij.")
    }

    @Test func pagesBackwards() throws {
        #expect(try page(.last, max: 4) == "ghij")
        #expect(try page(.before("g"), max: 4) == "cdef")
        #expect(try page(.before("c"), max: 4) == "ab.")
        #expect(try page(.before("a"), max: 4) == ".")
    }

    @Test func pagesByIndexAndPastTheEndWithoutError() throws {
        #expect(try page(.index(0), max: 2) == "ab")
        #expect(try page(.index(8), max: 4) == "ij.")
        #expect(try page(.index(10), max: 4) == ".")
        #expect(try page(.index(.max), max: .max) == ".")
    }

    @Test func answersTheCountAloneToAMaximumOfZero() throws {
        #expect(try page(.first, max: 0).isEmpty)
        #expect(try page(.last, max: 0).isEmpty)
        let (page, answer) = try ResultSetRequest(max: 0).page(of: Self.letters)
        #expect(page.range.isEmpty)
        #expect(answer == ResultSetAnswer(index: 0, count: 10))
        #expect(answer.element.elements.map(\.name) == ["count"])
    }

    @Test func findsNoPageBesideWhatIsNotThere() throws {
        for place in [ResultSetRequest.Place.after("x"), .before("x")] {
            #expect {
                try page(place)
            } throws: {
                ($0 as? StanzaError)?.condition == .itemNotFound
            }
        }
    }

    @Test func pagesOnFromAnEntryThatIsGoneWhereItsPlaceIsKnown() throws {
        // "c" was removed: it would stand before what is the third.
        let request = ResultSetRequest(.after("c"), max: 3)
        #expect(try request.page(count: 9) { _ in 2..<2 }.range == 2..<5)
        let back = ResultSetRequest(.before("c"), max: 3)
        #expect(try back.page(count: 9) { _ in 2..<2 }.range == 0..<2)
    }

    @Test func staysInTheListWhateverPositionItIsTold() throws {
        let request = ResultSetRequest(.after("c"), max: .max)
        #expect(try request.page(count: 9) { _ in -5 ..< .max }.range == 9..<9)
        #expect(try request.page(count: -1) { _ in 2..<3 }.range == 0..<0)
    }

    @Test func limitsThePage() throws {
        let most = ResultSetRequest.pageMaximum
        let none: (String) -> Range<Int>? = { _ in nil }
        let asked = ResultSetRequest(max: most)
        #expect(try asked.page(count: most + 5, position: none).range.count == most)
        let more = ResultSetRequest(max: most + 1)
        #expect(try more.page(count: most + 5, position: none).range.count == most)
        #expect(try ResultSetRequest().page(count: most + 5, position: none).range.count == most)
        #expect(try page(.first, max: 4, limit: 3) == "abc")
        #expect(try page(.first, max: 2, limit: 3) == "ab")
    }

    @Test func everyEntryComesOnceWhateverThePage() throws {
        for max in 1...11 {
            var seen = ""
            var place = ResultSetRequest.Place.first
            while true {
                let (page, answer) = try ResultSetRequest(place, max: max).page(of: Self.letters)
                seen += Self.letters[page.range].joined()
                guard !page.isComplete, let last = answer.last else { break }
                place = .after(last)
            }
            #expect(seen == "abcdefghij")
        }
    }

    // MARK: Answers

    @Test func writesTheAnswerOfTheSpecification() throws {
        let answer = ResultSetAnswer(first: "a", last: "b", index: 10, count: 800)
        let markup = """
            <set xmlns='http://jabber.org/protocol/rsm'><first index='10'>a</first>\
            <last>b</last><count>800</count></set>
            """
        #expect(String(decoding: answer.element.serialized(), as: UTF8.self) == markup)
        #expect(ResultSetAnswer(answer.element) == answer)
    }

    @Test func readsAnAnswerWithoutNumbers() throws {
        let markup = """
            <set xmlns='http://jabber.org/protocol/rsm'><first index='x'>a</first>
            <last>b</last><count>many</count></set>
            """
        let answer = ResultSetAnswer(try Element(parsing: Array(markup.utf8)))
        #expect(answer == ResultSetAnswer(first: "a", last: "b"))
        #expect(ResultSetAnswer(Element("set", "urn:other")) == nil)
    }
}
