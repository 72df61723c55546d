import Telemetry
import Testing
import XMPP

@testable import Modules

// Minutes and hours of samples (docs/protocol.md, Aggregates).
@Suite struct HistoryRecordingTests {
    private static let node = "urn:lapwing:1#cpu"
    /// The beginning of an hour.
    private static let hour = Instant(milliseconds: 1_700_002_800_000)

    private func talk(policy: HistoryPolicy? = HistoryPolicy()) -> NodesConversation {
        var talk = NodesConversation()
        var profile = PubSubService.Profile.pep()
        profile.history = policy
        talk.service = PubSubService(owner: NodesConversation.owner, profile: profile)
        talk.now = Self.hour
        return talk
    }

    private func publish(
        _ talk: inout NodesConversation,
        _ used: Int,
        on node: String = node,
        isAnswered: Bool = true
    ) throws -> NodesConversation.Outcome {
        let payload =
            "<sample xmlns='urn:lapwing:1' at='2023-11-14T23:00:00.000Z' seq='1' run='a'>"
            + "<v n='used'>\(used)</v></sample>"
        let outcome = try talk.publish(node, "current", payload)
        guard isAnswered, let request = outcome.loads.first else { return outcome }
        let effects = talk.service.loaded(request.answered([:]), at: talk.now)
        var both = outcome
        both.wakes += talk.outcome(of: effects).wakes
        return both
    }

    private func records(_ changes: [PubSubChange]) -> [HistoryRecord] {
        changes.compactMap {
            guard case .history(_, _, .save(let record)) = $0 else { return nil }
            return record
        }
    }

    private func wake(_ talk: inout NodesConversation, at now: Instant) -> [PubSubChange] {
        talk.now = now
        return talk.outcome(of: talk.service.woke(at: now)).changes
    }

    @Test func storesAMinuteThatIsOver() throws {
        var talk = talk()
        let first = try publish(&talk, 10)
        #expect(first.wakes.count == 1)
        talk.now = Self.hour + .seconds(30)
        #expect(records(try publish(&talk, 30).changes).isEmpty)
        let changes = wake(&talk, at: Self.hour + .seconds(70))
        let record = try #require(records(changes).first)
        #expect(record.start == Self.hour)
        #expect(record.resolution == .minute)
        let aggregate = try Aggregate(Element(parsing: record.payload))
        #expect(aggregate.count == 2)
        #expect(aggregate.values.first?.max == 30)
        #expect(aggregate.values.first?.mean == 20)
    }

    // Once a minute somebody looks, and no more once the last sample is stale.
    @Test func endsWhenNothingComes() throws {
        var talk = talk()
        _ = try publish(&talk, 10)
        var found = 0
        for minute in 1...70 {
            found += records(wake(&talk, at: Self.hour + .seconds(Int64(minute) * 60 + 6))).count
        }
        // Three minutes in which it stood, and the hour.
        #expect(found == 4)
        #expect(talk.service.schedule.next == nil)
    }

    @Test func countsSamplesOfHostsOnly() throws {
        var off = talk(policy: nil)
        #expect(try publish(&off, 1).wakes.isEmpty)
        var talk = talk()
        #expect(try publish(&talk, 1, on: "n").loads.isEmpty)
        #expect(try talk.publish(Self.node, "current", "<a xmlns='urn:a'/>").loads.isEmpty)
        #expect(talk.service.pasts.isEmpty)
    }

    // After a restart the minutes of the hour are read, and the hour is whole.
    @Test func goesOnWithTheHour() throws {
        var before = talk()
        _ = try publish(&before, 90)
        let minute = try #require(
            records(wake(&before, at: Self.hour + .seconds(70))).first
        )
        var talk = talk()
        talk.now = Self.hour + .seconds(600)
        let outcome = try publish(&talk, 10, isAnswered: false)
        let request = try #require(outcome.loads.first)
        #expect(request.history?.from == Self.hour)
        _ = talk.service.loaded(request.answered([:], history: [minute]), at: talk.now)
        let changes = wake(&talk, at: Self.hour + .seconds(3_700))
        let hour = try #require(records(changes).first { $0.resolution == .hour })
        let aggregate = try Aggregate(Element(parsing: hour.payload))
        #expect(aggregate.count == 2)
        #expect(aggregate.values.first?.max == 90)
    }

    // A node that is deleted and made again has no past.
    @Test(arguments: ["delete", "purge"])
    func forgetsWithTheNode(_ action: String) throws {
        var talk = talk()
        _ = try publish(&talk, 10)
        _ = try talk.set("#<\(action) node='\(Self.node)'/>")
        #expect(records(wake(&talk, at: Self.hour + .seconds(70))).isEmpty)
    }

    // MARK: Asking

    private func ask(
        _ talk: NodesConversation,
        _ fields: [String: String] = [:],
        _ page: String = "<max>2</max>"
    ) throws -> LoadRequest {
        let answers = fields.map { "<field var='\($0.key)'><value>\($0.value)</value></field>" }
        let markup =
            "<query xmlns='urn:xmpp:mam:2' node='\(Self.node)'><x xmlns='jabber:x:data' "
            + "type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>"
            + "<field var='{urn:lapwing:1}resolution'><value>minute</value></field>"
            + "\(answers.joined())</x><set xmlns='\(ResultSetRequest.namespace)'>\(page)</set>"
            + "</query>"
        let payload = try Element(parsing: Array(markup.utf8))
        let from = NodesConversation.owner
        let effects = try talk.service.receiveQuestion(
            Stanza(.iq, type: "set", id: "a", from: from, [payload]),
            from: from,
            relation: Relation(isOwner: true)
        )
        guard case .load(let request) = effects.first else { throw StanzaError(.itemNotFound) }
        return request
    }

    private func minute(_ number: Int) -> HistoryRecord {
        let start = Self.hour + .seconds(Int64(number) * 60)
        return HistoryRecord(.minute, start: start, payload: Array("<a/>".utf8))
    }

    @Test func asksTheStoreForPages() throws {
        var talk = talk()
        _ = try publish(&talk, 1)
        let start = minute(1).start
        let first = try #require(try ask(talk, ["start": start.dateTime]).history)
        #expect(first == HistoryQuery(.minute, from: start, limit: 3))
        let after = try #require(try ask(talk, [:], "<after>\(start.dateTime)</after>").history)
        #expect(after.after == start)
        #expect(after.limit == ResultSetRequest.pageMaximum + 1)
        let last = try #require(try ask(talk, [:], "<before/>").history)
        #expect(last.newestFirst)
        let narrow = try #require(
            try ask(talk, ["after-id": start.dateTime, "before-id": minute(5).start.dateTime])
                .history
        )
        #expect(narrow.bounds == start + .milliseconds(1)...minute(5).start + .milliseconds(-1))
        for page in ["<after>x</after>", "<index>1</index>"] {
            #expect(throws: StanzaError.self) { try ask(talk, [:], page) }
        }
        #expect(throws: StanzaError.self) { try ask(talk, ["ids": "a"]) }
    }

    @Test func answersWithThePageAndWhetherThereIsMore() throws {
        var talk = talk()
        _ = try publish(&talk, 1)
        func answer(_ request: LoadRequest, _ numbers: [Int]) -> (ids: [String], ArchiveEnd?) {
            let effects = talk.service.loaded(
                request.answered([:], history: numbers.map(minute), usage: .init(records: 9)),
                at: talk.now
            )
            var ids: [String] = []
            var end: ArchiveEnd?
            for effect in effects {
                switch effect {
                case .send(let message):
                    let result = message.payload("result", ArchiveQuery.namespace)
                    ids += [result.flatMap(ArchiveResult.init)?.id ?? "none"]
                case .reply(let reply): end = reply.payload.flatMap(ArchiveEnd.init)
                default: break
                }
            }
            return (ids, end)
        }
        let first = answer(try ask(talk), [1, 2, 3])
        #expect(first.ids == [minute(1), minute(2)].map(\.start.dateTime))
        #expect(first.1?.isComplete == false)
        #expect(first.1?.page.count == 9)
        #expect(answer(try ask(talk), [1, 2]).1?.isComplete == true)
        let last = answer(try ask(talk, [:], "<max>2</max><before/>"), [9, 8, 7])
        #expect(last.ids == [minute(8), minute(9)].map(\.start.dateTime))
        #expect(last.1?.isComplete == false)
    }
}
