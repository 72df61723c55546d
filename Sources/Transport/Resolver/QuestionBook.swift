import NIOCore

/// The questions that wait for their answers: who is to be told, and until when.
///
/// What was cancelled or took too long is still under way in the library, and counts until the
/// library is through with it.
struct QuestionBook<Waiter> {
    private struct Question {
        var deadline: NIODeadline
        var waiter: Waiter?
        var isUnderWay = false
    }

    private let underWayMost: Int
    private let most: Int
    private var questions: [Int: Question] = [:]
    /// Those that are not yet asked, the first first.
    private var line: [Int] = []
    private var underWay = 0

    init(_ limits: ResolverLimits) {
        underWayMost = max(limits.underWay, 1)
        most = max(limits.waiting, 1)
    }

    /// How many stand in the line, those among them that were cancelled there.
    var lineLength: Int { line.count }

    /// When the next one is over; nil while nobody waits.
    var nextDeadline: NIODeadline? {
        questions.values.lazy.filter { $0.waiter != nil }.map(\.deadline).min()
    }

    /// Adds a question; false when there are too many.
    mutating func add(_ id: Int, until deadline: NIODeadline, _ waiter: Waiter) -> Bool {
        guard questions.count < most, questions[id] == nil else { return false }
        questions[id] = Question(deadline: deadline, waiter: waiter)
        // Those that were cancelled in the line would else stay in it while nothing moves.
        if line.count >= most { line.removeAll { questions[$0] == nil } }
        line.append(id)
        return true
    }

    /// Takes the next question that is to be asked now; nil when there is none, or enough are
    /// under way.
    mutating func next() -> (id: Int, waiter: Waiter)? {
        guard underWay < underWayMost else { return nil }
        for (position, id) in line.enumerated() {
            guard let waiter = questions[id]?.waiter else { continue }
            line.removeFirst(position + 1)
            questions[id]?.isUnderWay = true
            underWay += 1
            return (id, waiter)
        }
        line = []
        return nil
    }

    /// The library is through with a question: who is to be told, if anybody still is.
    mutating func answered(_ id: Int) -> Waiter? {
        guard let question = questions.removeValue(forKey: id) else { return nil }
        if question.isUnderWay { underWay -= 1 }
        return question.waiter
    }

    /// Nobody wants the answer any more: who is to be told so.
    mutating func cancel(_ id: Int) -> Waiter? {
        guard let question = questions[id] else { return nil }
        if question.isUnderWay {
            questions[id]?.waiter = nil
        } else {
            questions[id] = nil
        }
        return question.waiter
    }

    /// Those whose time is over.
    mutating func expired(at now: NIODeadline) -> [Waiter] {
        let over = questions.filter { $0.value.waiter != nil && $0.value.deadline <= now }
        return over.keys.sorted().compactMap { cancel($0) }
    }

    /// Everybody who waits, at the end.
    mutating func removeAll() -> [Waiter] {
        defer {
            questions = [:]
            line = []
            underWay = 0
        }
        return questions.sorted { $0.key < $1.key }.compactMap(\.value.waiter)
    }
}
