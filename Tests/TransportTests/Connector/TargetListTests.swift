import Testing

@testable import Transport

/// What the records of a domain are taken to say.
@Suite struct TargetListTests {
    private func record(
        _ priority: UInt16,
        _ weight: UInt16,
        _ host: String?,
        port: UInt16 = 5269
    ) -> ServiceRecord {
        let target = host.flatMap { DNSName(domain: $0 + ".example.org") }
        return ServiceRecord(priority: priority, weight: weight, port: port, target: target)
    }

    private func found(_ records: ServiceRecord..., isSecure: Bool = false)
        -> Result<DNSAnswer<ServiceRecord>, ResolverError>
    {
        .success(DNSAnswer(records, isSecure: isSecure))
    }

    private func outcome(_ answers: TargetList.Answers) -> TargetList.Outcome {
        TargetList.outcome(of: answers) { _ in 0 }
    }

    private func targets(_ answers: TargetList.Answers) -> [Target] {
        guard case .targets(let targets) = outcome(answers) else { return [] }
        return targets
    }

    @Test func mixesBothKindsByPriority() {
        let targets = targets([
            .startTLS: found(record(20, 0, "c"), record(5, 0, "a")),
            .direct: found(record(10, 0, "b", port: 443)),
        ])
        #expect(
            targets.map(\.description) == [
                "a.example.org:5269", "b.example.org:443 (direct TLS)", "c.example.org:5269",
            ]
        )
    }

    @Test func putsThoseThatHaveFailedBehindTheOthers() {
        let answer = found(record(1, 0, "a"), record(2, 0, "b"), record(3, 0, "c"))
        let failed = targets([.startTLS: answer]).prefix(2)
        let outcome = TargetList.outcome(of: [.startTLS: answer], last: Set(failed)) { _ in 0 }
        guard case .targets(let targets) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(targets.map(\.description).map(\.first) == ["c", "a", "b"])
    }

    @Test func knowsWhichTargetsDNSSECVouchesFor() {
        let targets = targets([
            .startTLS: found(record(1, 0, "a"), isSecure: true),
            .direct: found(record(2, 0, "b")),
        ])
        #expect(targets.map(\.isSecure) == [true, false])
    }

    @Test func allowsTheDomainsOwnHostWhereThereAreNoRecords() {
        #expect(
            outcome([.startTLS: found(), .direct: found()]) == .noRecords(isSecure: false, nil)
        )
        let secure = outcome([
            .startTLS: found(isSecure: true), .direct: found(isSecure: true),
        ])
        #expect(secure == .noRecords(isSecure: true, nil))
    }

    @Test(arguments: [ResolverError.timeout, .failed("server failure")])
    func allowsTheDomainsOwnHostWhereNoAnswerCame(error: ResolverError) {
        let outcome = outcome([.startTLS: .failure(error), .direct: found(isSecure: true)])
        #expect(outcome == .noRecords(isSecure: false, error))
    }

    @Test(arguments: [ResolverError.bogus("bad signature"), .unusable])
    func guessesNothingAfterAnAnswerThatIsNotToBeBelieved(error: ResolverError) {
        #expect(outcome([.startTLS: .failure(error), .direct: found()]) == .failed(error))
    }

    @Test func usesTheGoodAnswerBesideABadOne() {
        let targets = targets([
            .startTLS: found(record(0, 0, "a")), .direct: .failure(.bogus("bad signature")),
        ])
        #expect(targets.map(\.description) == ["a.example.org:5269"])
    }

    @Test func takesTheRootAsARefusal() {
        let root = record(0, 0, nil)
        #expect(outcome([.startTLS: found(root), .direct: found()]) == .unavailable)
        #expect(outcome([.startTLS: found(), .direct: found(root)]) == .unavailable)
        #expect(outcome([.startTLS: found(root)]) == .unavailable)
        let targets = targets([.startTLS: found(record(0, 0, "a")), .direct: found(root)])
        #expect(targets.map(\.description) == ["a.example.org:5269"])
    }

    @Test func triesNoMoreTargetsThanItMay() {
        let records = (0..<UInt16(20)).map { record($0, 0, "h\($0)") }
        let answer = DNSAnswer(records, isSecure: false)
        #expect(targets([.startTLS: .success(answer)]).count == TargetList.mostTargets)
    }
}

@Suite struct ServiceOrderTests {
    private func records(_ weights: [UInt16], priority: UInt16 = 1) -> [ServiceRecord] {
        weights.map { ServiceRecord(priority: priority, weight: $0, port: 1, target: nil) }
    }

    /// Draws these lots, and notes out of how many.
    private func order(_ records: [ServiceRecord], lots: [UInt32]) -> ([Int], [UInt32]) {
        var lots = lots
        var bounds: [UInt32] = []
        let order = ServiceOrder.order(records) { most in
            bounds.append(most)
            return lots.isEmpty ? 0 : lots.removeFirst()
        }
        return (order, bounds)
    }

    @Test func drawsByWeight() {
        let (order, bounds) = order(records([10, 30, 60]), lots: [41, 11, 0])
        #expect(order == [2, 1, 0])
        #expect(bounds == [100, 40, 10])
    }

    @Test(arguments: [(0, 0), (10, 0), (11, 1), (40, 1), (41, 2), (100, 2)] as [(UInt32, Int)])
    func drawsEachByItsShare(lot: UInt32, first: Int) {
        #expect(order(records([10, 30, 60]), lots: [lot]).0.first == first)
    }

    @Test func drawsThoseWithoutWeightByANoughtAlone() {
        #expect(order(records([5, 0]), lots: [0]).0 == [1, 0])
        #expect(order(records([5, 0]), lots: [1]).0 == [0, 1])
    }

    @Test func keepsPrioritiesApart() {
        let records = records([100], priority: 2) + records([1], priority: 1)
        #expect(order(records, lots: [0, 0]).0 == [1, 0])
    }

    @Test func holdsTheGreatestWeights() {
        let records = records(Array(repeating: .max, count: 32))
        let (order, _) = order(records, lots: Array(repeating: .max, count: 32))
        #expect(order.sorted() == Array(0..<32))
        #expect(ServiceOrder.order([]) { $0 }.isEmpty)
    }
}
