import Foundation
import Testing

/// How a failure of a test with a seed is seen again.
///
/// The engine walks sets and dictionaries, whose order Swift makes another in every run; a seed
/// leads the same way only where that is switched off.
enum Repeating {
    static let variable = "SWIFT_DETERMINISTIC_HASHING"

    /// Whether sets and dictionaries have the same order in every run.
    static let isSure = ProcessInfo.processInfo.environment[variable] != nil

    /// What is said of a failure in a suite.
    static func advice(for suite: String) -> Comment {
        let command = "\(variable)=1 swift test --filter \(suite)"
        return isSure
            ? "Again: \(command)"
            : """
            In this run the order of sets was by chance, and another one may hide it. \
            A run that can be repeated, as those of make test: \(command)
            """
    }
}

extension Trait where Self == IssueHandlingTrait {
    /// Says with every failure how to see it again.
    static func repeating(_ suite: String) -> Self {
        .compactMapIssues { issue in
            var issue = issue
            let advice = Repeating.advice(for: suite)
            if !issue.comments.contains(advice) { issue.comments.append(advice) }
            return issue
        }
    }
}

/// A seed says all of a failure.
@Suite struct RepeatingTests {
    @Test(
        .enabled(if: Repeating.isSure, "sets have another order each time"),
        arguments: 1...8
    )
    func goesTheSameWayForTheSameSeed(_ seed: UInt64) throws {
        var ways: [[Int]] = []
        for _ in 0..<2 {
            var play = SimulatedDay(seed: seed)
            play.cluster.store.refusal = 5
            try play.run(steps: 150)
            play.checkThatNothingIsLeft()
            ways.append(play.cluster.way)
        }
        #expect(ways[0].count > 1_000)
        #expect(ways[0] == ways[1])
    }

    @Test func saysHowToSeeAFailureAgain() {
        let advice = Repeating.advice(for: "SimulationTests").rawValue
        #expect(
            advice.contains("SWIFT_DETERMINISTIC_HASHING=1 swift test --filter SimulationTests")
        )
        #expect(advice.contains("by chance") != Repeating.isSure)
    }
}
