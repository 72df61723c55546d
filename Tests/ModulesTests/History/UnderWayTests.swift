import Telemetry
import Testing
import XMPP

@testable import Modules

/// The minute and the hour under way in answers about the past (docs/protocol.md, Aggregates).
@Suite struct UnderWayTests {
    private static let node = "urn:lapwing:1#cpu"
    /// The beginning of an hour.
    private static let hour = Instant(milliseconds: 1_700_002_800_000)

    private var talk = NodesConversation()
    private var store = PastOfTest()

    init() throws {
        var profile = PubSubService.Profile.pep()
        profile.history = HistoryPolicy()
        talk.service = PubSubService(owner: NodesConversation.owner, profile: profile)
    }

    private static func at(_ seconds: Int64) -> Instant { hour + .seconds(seconds) }

    private func id(_ seconds: Int64, told: Int64? = nil) -> String {
        let end = told.map { "/" + Self.at($0).dateTime } ?? ""
        return Self.at(seconds).dateTime + end
    }

    /// Publishes a sample so many seconds into the hour.
    private mutating func publish(_ seconds: Int64, _ used: Int = 1) throws {
        talk.now = Self.at(seconds)
        let payload =
            "<sample xmlns='urn:lapwing:1' at='2023-11-14T23:00:00.000Z' seq='1' run='a'>"
            + "<v n='used'>\(used)</v></sample>"
        let outcome = try talk.publish(Self.node, "current", payload)
        store.take(outcome.changes)
        for request in outcome.loads {
            let loaded = try request.answered(
                by: store,
                owner: NodesConversation.owner,
                node: request.node
            )
            store.take(talk.outcome(of: talk.service.loaded(loaded, at: talk.now)).changes)
        }
    }

    private struct Answer {
        var ids: [String] = []
        var aggregates: [Aggregate] = []
        var count: Int?
        var isComplete: Bool?
    }

    private mutating func ask(
        _ resolution: String = "minute",
        at seconds: Int64,
        _ fields: [String: String] = [:],
        _ page: String = "<max>10</max>"
    ) throws -> Answer {
        talk.now = Self.at(seconds)
        var fields = fields
        fields["{urn:lapwing:1}resolution"] = resolution
        let answers = fields.map { "<field var='\($0.key)'><value>\($0.value)</value></field>" }
        let markup =
            "<query xmlns='urn:xmpp:mam:2' node='\(Self.node)'><x xmlns='jabber:x:data' "
            + "type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>"
            + "\(answers.joined())</x><set xmlns='\(ResultSetRequest.namespace)'>\(page)</set>"
            + "</query>"
        let owner = NodesConversation.owner
        let effects = try talk.service.receiveQuestion(
            Stanza(.iq, type: "set", id: "a", from: owner, [Element(parsing: Array(markup.utf8))]),
            from: owner,
            relation: Relation(isOwner: true)
        )
        guard case .load(let request) = effects.first else { throw StanzaError(.itemNotFound) }
        let recalled = talk.service.recall(request, of: Self.node, at: talk.now)
        store.take(talk.outcome(of: recalled.effects).changes)
        let loaded = try recalled.request.answered(by: store, owner: owner, node: Self.node)
        return try answer(talk.service.loaded(loaded, at: talk.now))
    }

    private func answer(_ effects: [PubSubEffect]) throws -> Answer {
        var answer = Answer()
        for effect in effects {
            switch effect {
            case .send(let message):
                let markup = message.payload("result", ArchiveQuery.namespace)
                let result = try #require(markup.flatMap(ArchiveResult.init))
                let item = try #require(result.event.child("items")?.child("item"))
                #expect(item["id"] == result.id)
                guard case .raw(let raw)? = item.children.first else { continue }
                answer.ids.append(result.id)
                answer.aggregates.append(try Aggregate(raw.parsed()))
            case .reply(let reply):
                let end = try #require(reply.payload.flatMap(ArchiveEnd.init))
                answer.count = end.page.count
                answer.isComplete = end.isComplete
                #expect(end.page.first == answer.ids.first)
                #expect(end.page.last == answer.ids.last)
            default: break
            }
        }
        return answer
    }

    @Test mutating func tellsTheMinuteUnderWay() throws {
        try publish(0, 10)
        try publish(70, 30)
        let answer = try ask(at: 90)
        #expect(answer.ids == [id(0), id(60, told: 90)])
        #expect(answer.count == 2)
        #expect(answer.isComplete == true)
        let minute = try #require(answer.aggregates.last)
        #expect(minute.from == Self.at(60))
        #expect(minute.to == Self.at(120))
        #expect(minute.known == .seconds(30))
        #expect(minute.count == 1)
        #expect(minute["used"]?.min == 10)
        #expect(minute["used"]?.last == 30)
    }

    // A minute that nothing has stored yet is in the answer, and stored before that is read.
    @Test mutating func tellsAMinuteThatHasJustEnded() throws {
        try publish(0, 10)
        #expect(try ask(at: 60).ids == [id(0)])
        #expect(store.records.map(\.start) == [Self.at(0)])
    }

    @Test mutating func tellsTheHourUnderWay() throws {
        try publish(0, 10)
        try publish(90, 30)
        let answer = try ask("hour", at: 100)
        #expect(answer.ids == [id(0, told: 100)])
        let hour = try #require(answer.aggregates.first)
        #expect(hour.to == Self.at(3_600))
        #expect(hour.count == 2)
        #expect(hour.known == .seconds(100))
        // Asking has changed nothing.
        #expect(try ask("hour", at: 3_700).aggregates.first?.known == .seconds(240))
    }

    @Test mutating func tellsOnlyWhatIsAskedFor() throws {
        try publish(0)
        try publish(70)
        let before = try ask(at: 90, ["end": Self.at(59).dateTime])
        #expect(before.ids == [id(0)])
        #expect(before.count == 1)
        #expect(try ask(at: 90, ["start": Self.at(60).dateTime]).ids == [id(60, told: 90)])
        #expect(try ask(at: 90, ["start": Self.at(61).dateTime]).ids.isEmpty)
        #expect(try ask(at: 90, ["after-id": id(0)]).ids == [id(60, told: 90)])
        #expect(try ask(at: 90, ["before-id": id(60, told: 80)]).ids == [id(0)])
        // Nothing has come for longer than a sample stands.
        #expect(try ask(at: 600).ids == [id(0), id(60), id(120), id(180)])
    }

    // XEP-0059: pages from either end, each entry once.
    @Test mutating func standsAtTheEndOfThePages() throws {
        for minute in 0..<3 { try publish(Int64(minute) * 60) }
        let first = try ask(at: 130, [:], "<max>2</max>")
        #expect(first.ids == [id(0), id(60)])
        #expect(first.count == 3)
        #expect(first.isComplete == false)
        let second = try ask(at: 130, [:], "<max>2</max><after>\(id(60))</after>")
        #expect(second.ids == [id(120, told: 130)])
        #expect(second.count == 3)
        #expect(second.isComplete == true)
        let last = try ask(at: 130, [:], "<max>2</max><before/>")
        #expect(last.ids == [id(60), id(120, told: 130)])
        #expect(last.isComplete == false)
        let before = "<max>2</max><before>\(id(120, told: 130))</before>"
        #expect(try ask(at: 130, [:], before).ids == [id(0), id(60)])
    }

    // Who goes on behind the last entry gets the whole minute once it is over, and finds an end
    // while it is not.
    @Test mutating func goesOnBehindAPartOfAMinute() throws {
        try publish(0, 10)
        let told = try #require(try ask(at: 30).ids.last)
        for fields in [[:], ["after-id": told]] {
            let page = fields.isEmpty ? "<max>10</max><after>\(told)</after>" : "<max>10</max>"
            var service = self
            let early = try service.ask(at: 40, fields, page)
            #expect(early.ids.isEmpty)
            #expect(early.isComplete == true)
            try service.publish(50, 90)
            let later = try service.ask(at: 70, fields, page)
            #expect(later.ids == [id(0), id(60, told: 70)])
            #expect(later.aggregates.first?["used"]?.max == 90)
        }
    }

    // After a stop and a start the store has the first part of the minute, the memory all of it.
    @Test mutating func takesThePlaceOfWhatTheStoreHasOfIt() throws {
        try publish(0, 10)
        try publish(70, 30)
        store.take(talk.outcome(of: talk.service.finishHistory(at: Self.at(80))).changes)
        // Nothing has come since the start: what the store has is as much under way.
        #expect(try ask(at: 90).ids == [id(0), id(60, told: 90)])
        try publish(100, 50)
        let answer = try ask(at: 110)
        #expect(answer.ids == [id(0), id(60, told: 110)])
        #expect(answer.count == 2)
        #expect(answer.aggregates.last?.count == 2)
        #expect(answer.aggregates.last?.known == .seconds(30))
        let whole = try ask(at: 130)
        #expect(whole.ids == [id(0), id(60), id(120, told: 130)])
        #expect(whole.aggregates.dropFirst().first?.known == .seconds(40))
        let hour = try ask("hour", at: 130)
        #expect(hour.ids == [id(0, told: 130)])
        #expect(hour.count == 1)
        #expect(hour.aggregates.first?.known == .seconds(110))
    }

    @Test func readsIDsOfPeriods() throws {
        let (start, end) = ("2026-11-21T13:00:00.000Z", "2026-11-21T13:00:37.512Z")
        for text in [start, start + "/" + end] {
            let id = try #require(PeriodID(text))
            #expect(id.description == text)
            #expect(id.before.dateTime == start)
        }
        #expect(PeriodID(start)?.after.dateTime == start)
        #expect(PeriodID(start + "/" + end)?.after.dateTime == "2026-11-21T12:59:59.999Z")
        let none = [
            "", "/", "x", start + "/", "/" + end, end + "/" + start, start + "/" + end + "/",
            start + "/x", "' OR 1=1 --",
        ]
        for text in none { #expect(PeriodID(text) == nil) }
        // A clock that was set back makes no id that cannot be read.
        let record = HistoryRecord(.minute, start: Self.hour, payload: [])
        let early = PeriodID(record, at: Self.at(-600))
        #expect(PeriodID(early.description) == early)
    }
}

/// What is stored of one node's past.
private struct PastOfTest: PubSubStore, HistoryStore {
    private(set) var records: [HistoryRecord] = []

    mutating func take(_ changes: [PubSubChange]) {
        for case .history(_, _, .save(let record)) in changes {
            records.removeAll { $0.start == record.start && $0.resolution == record.resolution }
            records.append(record)
            records.sort { $0.start < $1.start }
        }
    }

    private func found(_ query: HistoryQuery) -> [HistoryRecord] {
        let found = records.filter {
            $0.resolution == query.resolution && query.bounds?.contains($0.start) == true
        }
        return query.newestFirst ? found.reversed() : found
    }

    func history(owner: JID, node: String, _ query: HistoryQuery) -> [HistoryRecord] {
        Array(found(query).prefix(query.limit))
    }

    func historyUsage(owner: JID, node: String, _ query: HistoryQuery) -> HistoryUsage {
        let found = found(query)
        return HistoryUsage(
            records: found.count,
            bytes: found.reduce(0) { $0 + $1.payload.count }
        )
    }

    func readNodes(_ body: (NodeRecord) throws -> Void) {}
    func nodes(of owner: JID) -> [NodeRecord] { [] }
    func payloads(owner: JID, node: String, items: [String]) -> [String: [UInt8]] { [:] }
}
