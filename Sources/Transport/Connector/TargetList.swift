/// The targets of a domain's service, in the order in which they are to be tried.
package enum TargetList {
    /// Targets of one domain that are tried: a service that is spread wider is found by the random
    /// order of the next attempt.
    package static let mostTargets = 8

    /// What the records say.
    package enum Outcome: Sendable, Equatable {
        /// Try these.
        case targets([Target])
        /// There are no records: the domain's own host may be tried (RFC 6120 §3.2.2). The error is
        /// why a question had no answer.
        case noRecords(isSecure: Bool, ResolverError?)
        /// The domain says that it has no such service.
        case unavailable
        /// There is an answer that must not be believed, or can't be used.
        case failed(ResolverError)
    }

    /// What was asked, and what came.
    package typealias Answers = [Target.Protection: Result<DNSAnswer<ServiceRecord>, ResolverError>]

    /// What the answers say; both kinds of records are one set (XEP-0368 §3, rule 1).
    ///
    /// A kind that was not asked for is not in the answers. Those that are to be `last`, as they
    /// have failed of late, come after all others. `random` gives a number from nought to its
    /// argument.
    package static func outcome(
        of answers: Answers,
        last: Set<Target> = [],
        random: (UInt32) -> UInt32
    ) -> Outcome {
        var found: [(record: ServiceRecord, target: Target)] = []
        var isDenied = false
        var errors: [ResolverError] = []
        var isSecure = true
        // In an order that does not depend on hashing.
        for protection in Target.Protection.allCases {
            switch answers[protection] {
            case .success(let answer):
                isSecure = isSecure && answer.isSecure
                for record in answer.records {
                    guard let name = record.target else {
                        isDenied = true
                        continue
                    }
                    let target = Target(
                        host: .name(name),
                        port: record.port,
                        protection: protection,
                        isSecure: answer.isSecure
                    )
                    found.append((record, target))
                }
            case .failure(let error):
                isSecure = false
                errors.append(error)
            case nil: break
            }
        }
        if !found.isEmpty {
            let order = ServiceOrder.order(found.map(\.record), random: random)
            let targets = order.map { found[$0].target }
            let sorted = targets.filter { !last.contains($0) } + targets.filter(last.contains)
            return .targets(Array(sorted.prefix(mostTargets)))
        }
        // Never a guess after an answer that somebody may have tampered with.
        if let error = errors.first(where: \.isFinal) { return .failed(error) }
        // The domain knows of the records: its own host is not to be tried (XEP-0368 §5).
        if isDenied { return .unavailable }
        return .noRecords(isSecure: isSecure, errors.first)
    }
}

extension ResolverError {
    /// Whether nothing else may be tried instead (RFC 6120 §3.2.1: only where no answer came).
    fileprivate var isFinal: Bool {
        switch self {
        case .bogus, .unusable, .tooManyQuestions, .settings, .cancelled: true
        case .timeout, .failed: false
        }
    }
}

/// The order of records (RFC 2782).
package enum ServiceOrder {
    /// The places of the records, in the order in which they are to be tried: the lowest priority
    /// first, among equals by lot according to their weights.
    package static func order(
        _ records: [ServiceRecord],
        random: (UInt32) -> UInt32
    ) -> [Int] {
        let priorities = Dictionary(grouping: records.indices, by: { records[$0].priority })
        return priorities.sorted { $0.key < $1.key }.flatMap { _, group in
            draw(group.map { ($0, UInt32(records[$0].weight)) }, random)
        }
    }

    private static func draw(
        _ group: [(index: Int, weight: UInt32)],
        _ random: (UInt32) -> UInt32
    ) -> [Int] {
        // Those without weight first: they are then drawn by a nought alone.
        var left = group.filter { $0.weight == 0 } + group.filter { $0.weight > 0 }
        var order: [Int] = []
        while !left.isEmpty {
            // 32 bits hold the weights of any answer that is taken.
            let lot = random(left.reduce(0) { $0 &+ $1.weight })
            var sum: UInt32 = 0
            let drawn = left.firstIndex { entry in
                sum = sum &+ entry.weight
                return sum >= lot
            }
            order.append(left.remove(at: drawn ?? left.endIndex - 1).index)
        }
        return order
    }
}
