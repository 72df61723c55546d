import NIOCore
import Testing

@testable import Transport

/// Which attempt begins when, and which are dropped.
@Suite struct RaceTests {
    private func at(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    private func addresses(_ texts: String...) -> [IPAddress] { texts.compactMap { IPAddress($0) } }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private func start(_ id: Int, _ target: Int, _ text: String) throws -> Race.Action {
        .start(Race.Attempt(id: id, target: target, address: try address(text)))
    }

    /// A race for one target with these addresses, at its start, and what it did.
    private func race(
        v6: [IPAddress],
        v4: [IPAddress]
    ) -> (Race, [Race.Action]) {
        var race = Race(targets: 1, at: at(0))
        var actions = race.found(v6, .v6, of: 0, at: at(0))
        actions += race.found(v4, .v4, of: 0, at: at(0))
        return (race, actions)
    }

    @Test func takesTurnsOfBothFamilies() throws {
        var (race, actions) = race(
            v6: addresses("2001:db8::1", "2001:db8::2"),
            v4: addresses("192.0.2.1", "192.0.2.2")
        )
        let wake = Race.Action.wake(at: at(250))
        #expect(actions == [try start(0, 0, "2001:db8::1"), wake, wake])
        actions = race.woken(at: at(250))
        #expect(actions == [try start(1, 0, "192.0.2.1"), .wake(at: at(500))])
        actions = race.woken(at: at(500))
        #expect(actions == [try start(2, 0, "2001:db8::2"), .wake(at: at(750))])
        actions = race.woken(at: at(750))
        #expect(actions == [try start(3, 0, "192.0.2.2")])
    }

    @Test func startsNoneTooEarly() throws {
        var (race, _) = race(v6: addresses("::1"), v4: addresses("192.0.2.1"))
        #expect(race.woken(at: at(249)) == [.wake(at: at(250))])
        #expect(race.woken(at: at(250)) == [try start(1, 0, "192.0.2.1")])
    }

    @Test func startsTheNextAsSoonAsOneFails() throws {
        var (race, _) = race(v6: addresses("::1"), v4: addresses("192.0.2.1"))
        #expect(race.failed(0, at: at(3)) == [try start(1, 0, "192.0.2.1")])
        #expect(race.failed(0, at: at(4)) == [])
        #expect(race.failed(1, at: at(5)) == [.lost])
        #expect(race.woken(at: at(6)) == [])
    }

    @Test func dropsTheOthersWhenOneConnects() {
        var (race, _) = race(v6: addresses("::1"), v4: addresses("192.0.2.1", "192.0.2.2"))
        _ = race.woken(at: at(250))
        _ = race.woken(at: at(500))
        let (isWinner, actions) = race.connected(1)
        #expect(isWinner)
        #expect(actions == [.drop([0, 2])])
        let (isSecond, more) = race.connected(0)
        #expect(!isSecond && more.isEmpty)
        #expect(race.failed(2, at: at(501)) == [])
        #expect(race.woken(at: at(800)) == [])
    }

    @Test func waitsAMomentForIPv6() throws {
        var race = Race(targets: 1, at: at(0))
        #expect(race.found(addresses("192.0.2.1"), .v4, of: 0, at: at(5)) == [.wake(at: at(55))])
        var other = race
        #expect(race.woken(at: at(55)) == [try start(0, 0, "192.0.2.1")])
        let late = race.found(addresses("::1"), .v6, of: 0, at: at(60))
        #expect(late == [.wake(at: at(305))])
        #expect(race.woken(at: at(305)) == [try start(1, 0, "::1")])
        let early = other.found(addresses("::1"), .v6, of: 0, at: at(20))
        #expect(early == [try start(0, 0, "::1"), .wake(at: at(270))])
    }

    @Test func waitsALittleForTheFirstTarget() throws {
        var race = Race(targets: 2, at: at(0))
        _ = race.found([], .v6, of: 1, at: at(5))
        let actions = race.found(addresses("192.0.2.2"), .v4, of: 1, at: at(5))
        #expect(actions == [.wake(at: at(250))])
        var late = race
        #expect(late.woken(at: at(250)) == [try start(0, 1, "192.0.2.2")])
        _ = race.found([], .v6, of: 0, at: at(9))
        let first = race.found(addresses("192.0.2.1"), .v4, of: 0, at: at(9))
        #expect(first == [try start(0, 0, "192.0.2.1"), .wake(at: at(259))])
        #expect(race.woken(at: at(259)) == [try start(1, 1, "192.0.2.2")])
    }

    @Test func goesOnWithALateTargetWhenTheOthersHaveFailed() throws {
        var race = Race(targets: 2, at: at(0))
        _ = race.found([], .v6, of: 0, at: at(0))
        _ = race.found(addresses("192.0.2.1"), .v4, of: 0, at: at(0))
        #expect(race.failed(0, at: at(2)) == [])
        #expect(race.found([], .v6, of: 1, at: at(900)) == [])
        let late = race.found(addresses("192.0.2.2"), .v4, of: 1, at: at(901))
        #expect(late == [try start(1, 1, "192.0.2.2")])
        #expect(race.failed(1, at: at(902)) == [.lost])
    }

    @Test func losesWithoutAnAddress() {
        var race = Race(targets: 2, at: at(0))
        #expect(race.found([], .v6, of: 0, at: at(0)) == [])
        #expect(race.found([], .v4, of: 0, at: at(0)) == [])
        #expect(race.found([], .v6, of: 1, at: at(0)) == [])
        #expect(race.found([], .v4, of: 1, at: at(0)) == [.lost])
    }

    @Test func triesNoMoreThanItMay() {
        let many = (0..<20).compactMap { IPAddress(bytes: [192, 0, 2, $0]) }
        var race = Race(targets: 20, at: at(0))
        var actions: [Race.Action] = []
        for target in 0..<20 {
            actions += race.found([], .v6, of: target, at: at(0))
            actions += race.found(many, .v4, of: target, at: at(0))
        }
        var tried: [Int: Int] = [:]
        var id = 0
        while let attempt = actions.compactMap(\.attempt).first {
            tried[attempt.target, default: 0] += 1
            actions = race.failed(id, at: at(1))
            id += 1
        }
        #expect(actions == [.lost])
        #expect(id == Race.most)
        #expect(tried.values.allSatisfy { $0 <= Race.mostPerTarget })
    }

    @Test func staysQuietWhenNobodyWantsTheConnection() {
        var (race, _) = race(v6: addresses("::1"), v4: addresses("192.0.2.1"))
        #expect(race.end() == [.drop([0])])
        #expect(race.woken(at: at(250)) == [])
        #expect(race.failed(0, at: at(251)) == [])
        #expect(race.found(addresses("192.0.2.1"), .v4, of: 7, at: at(252)) == [])
    }
}

extension Race.Action {
    fileprivate var attempt: Race.Attempt? {
        if case .start(let attempt) = self { return attempt }
        return nil
    }
}
