/// Tests joined by `and`, `or` and `not`.
indirect enum Condition<Test> {
    case test(Test)
    case not(Condition)
    /// All of two or more; none of them is `all` itself.
    case all([Condition])
    /// Any of two or more; none of them is `any` itself.
    case any([Condition])

    /// All of the conditions, without a level where there is one only.
    static func conjunction(_ conditions: [Condition]) -> Condition? {
        let flat = conditions.flatMap { condition in
            if case .all(let parts) = condition { parts } else { [condition] }
        }
        return flat.count > 1 ? .all(flat) : flat.first
    }

    /// Any of the conditions, without a level where there is one only.
    static func disjunction(_ conditions: [Condition]) -> Condition? {
        let flat = conditions.flatMap { condition in
            if case .any(let parts) = condition { parts } else { [condition] }
        }
        return flat.count > 1 ? .any(flat) : flat.first
    }

    /// The value under Kleene's three-valued logic, deciding no more tests than it takes.
    func truth(_ decide: (Test) -> Truth) -> Truth {
        switch self {
        case .test(let test): return decide(test)
        case .not(let condition): return !condition.truth(decide)
        case .all(let conditions):
            var truth = Truth.yes
            for condition in conditions where truth != .no {
                truth = truth && condition.truth(decide)
            }
            return truth
        case .any(let conditions):
            var truth = Truth.no
            for condition in conditions where truth != .yes {
                truth = truth || condition.truth(decide)
            }
            return truth
        }
    }

    /// The same condition over other tests.
    func map<Other>(_ transform: (Test) -> Other) -> Condition<Other> {
        switch self {
        case .test(let test): .test(transform(test))
        case .not(let condition): .not(condition.map(transform))
        case .all(let conditions): .all(conditions.map { $0.map(transform) })
        case .any(let conditions): .any(conditions.map { $0.map(transform) })
        }
    }

    /// Every test, from left to right.
    var tests: [Test] {
        switch self {
        case .test(let test): [test]
        case .not(let condition): condition.tests
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.tests)
        }
    }
}

extension Condition: Sendable where Test: Sendable {}
extension Condition: Equatable where Test: Equatable {}
extension Condition: Hashable where Test: Hashable {}

extension Condition: CustomStringConvertible where Test: CustomStringConvertible {
    /// With parentheses only where they are needed.
    var description: String {
        switch self {
        case .test(let test): test.description
        case .not(let condition): "not " + condition.operand
        case .all(let conditions): conditions.map(\.operand).joined(separator: " and ")
        case .any(let conditions): conditions.map(\.description).joined(separator: " or ")
        }
    }

    /// As a part of `and`, or after `not`.
    private var operand: String {
        switch self {
        case .test, .not: description
        case .all, .any: "(\(description))"
        }
    }
}
