import Testing
import XMPP

@testable import Federation

/// Whatever happens, in whatever order: every stanza has one fate, none overtakes another of its
/// pair, and nothing is left in the end.
@Suite struct RemoteChanceTests {
    @Test(arguments: 0..<40)
    func everyStanzaHasOneFate(seed: UInt64) {
        var world = RemoteWorld(seed: seed)
        for _ in 0..<1_500 { world.step() }
        world.stop()
        #expect(world.faults.isEmpty, "\(world.faults.prefix(5))")
        let table = world.dialogue.table
        #expect(table.isQuiet)
        #expect(table.counts == RemoteTable.Counts())
        #expect(table.streams.isEmpty && table.domains.isEmpty && table.pairs.isEmpty)
        #expect(table.dutyCount == 0)
        #expect(world.fateless.isEmpty)
    }
}

/// Other servers, and whoever runs the streams to them, as chance will have it.
private struct RemoteWorld {
    private struct Stream {
        var isOurs: Bool
        var isForQuestions = false
        var pairs: Set<DomainPair> = []
        /// What is to be proven.
        var proving: [DomainPair] = []
        var questions: [DialbackQuestion] = []
        var isClosing = false
        var isAcknowledged: Bool
        var sent = 0
        var settled = 0
    }

    var dialogue = RemoteDialogue {
        $0.connecting = 3
        $0.streams = 6
        $0.stanzasPerStream = 8
        $0.stanzasPerDomain = 20
        $0.questions = 6
        $0.strangers = 2
    }
    private(set) var faults: [String] = []
    private(set) var fateless: Set<UInt64> = []
    private var generator: SeededGenerator
    private var streams: [PeerID: Stream] = [:]
    private var ticket: UInt64 = 0
    private var lastWritten: [DomainPair: UInt64] = [:]
    private var asked: [DialbackQuestion: PeerID] = [:]

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    // MARK: What happens

    mutating func step() {
        switch number(20) {
        case 0...5: send()
        case 6...8: decideProof()
        case 9...10: arrive()
        case 11: beginToEnd()
        case 12...13: end()
        case 14: accept()
        case 15: verify()
        case 16...17: answer()
        case 18: perform(dialogue.pass(.milliseconds(number(20_000))))
        default: perform(dialogue.pass(.milliseconds(number(500))))
        }
    }

    /// Stops, and lets all that is there end.
    mutating func stop() {
        perform(dialogue.tell { $0.stop(at: $1) })
        perform(dialogue.pass(.seconds(60)))
        for id in ids { finish(id) }
        perform(dialogue.pass(.seconds(3_600)))
        if !asked.isEmpty { faults.append("questions without an answer: \(asked.count)") }
    }

    private mutating func send() {
        var departures: [Departure] = []
        for _ in 0...number(4) {
            ticket += 1
            fateless.insert(ticket)
            let pair = self.pair()
            departures.append(.stanza(ticket, from: pair.local, to: pair.remote))
        }
        perform(dialogue.send(departures))
    }

    private mutating func decideProof() {
        guard let id = one(where: { !$0.proving.isEmpty && !$0.isClosing }),
            let pair = streams[id]?.proving.first
        else { return }
        streams[id]?.proving.removeFirst()
        let isFirst = streams[id]?.pairs.isEmpty == true
        if number(3) > 0 {
            streams[id]?.pairs.insert(pair)
            let direction: FederationDirection = number(2) == 0 ? .outgoing : .both
            perform(dialogue.prove(id, pair, direction))
            if isFirst, streams[id]?.isAcknowledged == true { dialogue.acknowledging(id) }
        } else if isFirst {
            streams[id] = nil
            let failures: [FederationFailure] = [
                .timedOut, .keyDenied, .unreachable("", isPermanent: true),
            ]
            perform(dialogue.end(id, failures[number(3)]))
        } else {
            perform(dialogue.tell { $0.refused(id, pair, .noProofOffered, at: $1) })
        }
    }

    private mutating func arrive() {
        guard let id = one(where: { $0.sent > $0.settled }), let stream = streams[id] else {
            return
        }
        if stream.isAcknowledged {
            let count = 1 + number(stream.sent - stream.settled)
            streams[id]?.settled += count
            perform(dialogue.settle(id, count))
        } else if !stream.isClosing {
            perform(dialogue.drain(id))
        }
    }

    private mutating func beginToEnd() {
        guard let id = one(where: { !$0.isClosing && !$0.pairs.isEmpty }) else { return }
        streams[id]?.isClosing = true
        perform(dialogue.tell { $0.closing(id, .closedByPeer, at: $1) })
    }

    private mutating func end() {
        guard let id = one(where: { $0.isClosing || !$0.pairs.isEmpty }),
            streams[id]?.isClosing == true || number(8) == 0
        else { return }
        finish(id)
    }

    private mutating func finish(_ id: PeerID) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        let doubt = stream.sent - stream.settled
        let remainder: LinkRemainder =
            if doubt == 0 || stream.isClosing && number(2) == 0 {
                .none
            } else {
                stream.isAcknowledged ? .unacknowledged(doubt) : .ofUnknownFate(doubt)
            }
        perform(dialogue.end(id, number(2) == 0 ? nil : .disconnected, remainder))
    }

    private mutating func accept() {
        let id = dialogue.accept()
        streams[id] = Stream(isOurs: false, isAcknowledged: number(2) == 0)
        let pair = self.pair()
        let direction: FederationDirection = number(2) == 0 ? .incoming : .both
        streams[id]?.pairs = direction == .both ? [pair] : []
        perform(dialogue.prove(id, pair, direction))
        if streams[id]?.isAcknowledged == true { dialogue.acknowledging(id) }
        if number(3) > 0 { finish(id) }
    }

    private mutating func verify() {
        guard let id = one(where: { !$0.isOurs && !$0.isClosing }) else { return }
        let question = DialbackQuestion(pair: pair(), streamID: "s", key: "\(ticket)")
        guard asked[question] == nil else { return }
        asked[question] = id
        perform(dialogue.verify(question, for: id))
    }

    private mutating func answer() {
        guard let id = one(where: { !$0.questions.isEmpty }),
            let question = streams[id]?.questions.first
        else { return }
        streams[id]?.questions.removeFirst()
        if streams[id]?.isForQuestions == true, streams[id]?.questions.isEmpty == true {
            streams[id]?.isClosing = true
        }
        perform(dialogue.answer(question, .valid))
    }

    // MARK: What is done

    private mutating func perform(_ actions: [RemoteTable.Action]) {
        for action in actions { perform(action) }
        let counts = dialogue.table.counts
        if counts.connecting > 3 { faults.append("\(counts.connecting) connect") }
        if counts.streams > 6 { faults.append("\(counts.streams) streams") }
        if counts.strangers > 2 { faults.append("\(counts.strangers) strangers") }
        // Whoever asked and is gone is not told.
        asked = asked.filter { streams[$0.value] != nil }
    }

    private mutating func perform(_ action: RemoteTable.Action) {
        switch action {
        case .connect(let id, let pair, let purpose):
            let isForQuestions = purpose == .questions
            streams[id] = Stream(
                isOurs: true,
                isForQuestions: isForQuestions,
                proving: isForQuestions ? [] : [pair],
                isAcknowledged: number(2) == 0
            )
        case .prove(let id, let domain):
            guard let stream = streams[id], !stream.isClosing, let some = stream.pairs.first else {
                return faults.append("a proof on a stream that takes none")
            }
            streams[id]?.proving.append(DomainPair(local: domain, remote: some.remote))
        case .write(let id, let departures): write(departures, id)
        case .ask(let id, let question):
            if streams[id]?.isClosing != false { faults.append("a question on no stream") }
            streams[id]?.questions.append(question)
        case .verified(let id, let question, _):
            if asked.removeValue(forKey: question) != id { faults.append("an answer for nobody") }
        case .close(let id, _):
            // One that has carried nothing yet is forgotten.
            if streams[id]?.pairs.isEmpty == true, streams[id]?.isOurs == true {
                streams[id] = nil
            } else {
                streams[id]?.isClosing = true
            }
        case .bounce(let departure, _): meet([departure])
        case .settled(let departures), .unknown(let departures), .returned(let departures):
            meet(departures)
        case .requestAcknowledgement(let id):
            if streams[id]?.isAcknowledged != true { faults.append("asked who does not say") }
        case .wake: break
        }
    }

    private mutating func write(_ departures: [Departure], _ id: PeerID) {
        guard let stream = streams[id], !stream.isClosing else {
            return faults.append("written on a stream that takes nothing")
        }
        streams[id]?.sent += departures.count
        for departure in departures {
            if !stream.pairs.contains(departure.pair) { faults.append("not proven") }
            if lastWritten[departure.pair, default: 0] >= departure.ticket {
                faults.append("\(departure.ticket) was overtaken")
            }
            lastWritten[departure.pair] = departure.ticket
        }
    }

    private mutating func meet(_ departures: [Departure]) {
        for departure in departures where fateless.remove(departure.ticket) == nil {
            faults.append("\(departure.ticket) has two fates")
        }
    }

    // MARK: Chance

    private mutating func number(_ count: Int) -> Int {
        Int.random(in: 0..<max(count, 1), using: &generator)
    }

    private mutating func pair() -> DomainPair {
        let locals = [RemoteDialogue.here, RemoteDialogue.second, "pubsub.one.example"]
        return DomainPair(local: locals[number(3)], remote: "d\(number(8)).example")
    }

    private var ids: [PeerID] { streams.keys.sorted { $0.number < $1.number } }

    private mutating func one(where isWanted: (Stream) -> Bool) -> PeerID? {
        ids.filter { streams[$0].map(isWanted) == true }.randomElement(using: &generator)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
