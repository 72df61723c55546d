import Testing
import XMPP

@testable import Federation

@Suite("Link")
struct LinkConversationTests {
    /// What happens to the pipe, and to whom, at the point where a conversation is cut.
    struct Accident: CustomTestStringConvertible {
        enum Victim: CaseIterable { case none, edge, router, both }

        var victim: Victim
        /// Before the processes meet again.
        var pause: Duration
        var edgeOpens = true

        var testDescription: String { "\(victim), \(pause), edge opens: \(edgeOpens)" }

        static let all = Victim.allCases.flatMap { victim in
            [Duration.zero, .seconds(61), .seconds(601)].map { pause in
                Accident(victim: victim, pause: pause, edgeOpens: victim != .edge)
            }
        }

        func strike(_ world: LinkWorld) {
            world.cut()
            switch victim {
            case .none: break
            case .edge: world.restartEdge()
            case .router: world.restartRouter()
            case .both:
                world.restartEdge()
                world.restartRouter()
            }
            world.pass(pause)
        }
    }

    /// Stanzas of a conversation, each way.
    private static let stanzas = 16

    /// Plays a conversation with stanzas both ways up to that many moves, and says whether there
    /// were more.
    private func play(_ world: LinkWorld, moves: Int) -> Bool {
        var left = moves
        var id = 0
        world.connect()
        for turn in 0..<200 {
            if turn % 2 == 0, id < Self.stanzas {
                id += 1
                world.offerAtRouter(id)
                world.offerAtEdge(1000 + id)
            }
            if turn % 9 == 8 { world.catchUp() }
            for towardsRouter in [turn % 3 == 0, turn % 3 != 0] {
                if world.isQuiet, id >= Self.stanzas { return false }
                if left == 0 { return true }
                left -= 1
                world.move(towardsRouter: towardsRouter)
            }
        }
        return false
    }

    @Test func bringsEverythingOverAnUnbrokenLink() {
        let world = LinkWorld()
        #expect(!play(world, moves: .max))
        world.drain()
        world.settle("unbroken")
        #expect(world.routed.count == 16)
        #expect(world.written.count == 14)
        #expect(world.bounced.count == 2)
        #expect(world.handled == 16)
    }

    @Test(arguments: Accident.all)
    func losesAndDoublesNothingWhereverItIsCut(_ accident: Accident) {
        var moves = 0
        while true {
            let world = LinkWorld(edgeOpens: accident.edgeOpens)
            guard play(world, moves: moves) else { break }
            // In the middle of a write, too.
            if moves % 2 == 1 { world.move(towardsRouter: moves % 4 == 1, half: true) }
            accident.strike(world)
            for id in 41...52 { world.offerAtRouter(id) }
            world.offerAtEdge(1041)
            world.settle("\(accident) after \(moves)")
            moves += 1
        }
        #expect(moves > 40)
    }

    @Test(arguments: Accident.all)
    func losesAndDoublesNothingWhereTheNextConnectionIsCutToo(_ accident: Accident) {
        for first in stride(from: 5, to: 45, by: 9) {
            for second in 0..<14 {
                let world = LinkWorld(edgeOpens: accident.edgeOpens)
                _ = play(world, moves: first)
                accident.strike(world)
                world.offerAtRouter(41)
                world.connect()
                for move in 0..<second { world.move(towardsRouter: move % 2 == 0) }
                Accident(victim: first % 2 == 0 ? .none : .edge, pause: .seconds(61)).strike(world)
                world.settle("\(accident) after \(first), then \(second)")
            }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func losesAndDoublesNothingInAnyOrder(_ seed: UInt64) {
        var chance = LinkChance(seed: seed)
        let world = LinkWorld(edgeOpens: seed % 2 == 0)
        var id = 0
        world.connect()
        for _ in 0..<400 {
            switch Int.random(in: 0..<100, using: &chance) {
            case 0..<20:
                id += 1
                world.offerAtRouter(id)
            case 20..<35:
                id += 1
                world.offerAtEdge(id)
            case 35..<60: world.move(towardsRouter: true)
            case 60..<85: world.move(towardsRouter: false)
            case 85..<90: world.catchUp()
            case 90..<93: world.connect()
            case 93..<95: world.cut()
            case 95: world.pass(.seconds(Int.random(in: 1...90, using: &chance)))
            case 96: world.pass(.seconds(Int.random(in: 1...400, using: &chance)))
            case 97: world.restartEdge()
            case 98 where seed % 3 == 0: world.restartRouter()
            default: world.drain()
            }
        }
        world.settle("seed \(seed)")
    }
}

/// SplitMix64: the same numbers for the same seed.
struct LinkChance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
