import XMPP

/// When the records of one resolution of a node are trimmed: a trim walks them all, so that once a
/// period it would cost as much as all else.
struct TrimSchedule: Sendable {
    /// Records after which a node is trimmed first: when its last trim was is not known after a
    /// start, and a server may be started more often than an eighth of the retention passes.
    static let firstTrimMaximum = 8

    private let retention: HistoryPolicy.Retention
    private let spread: Int64
    /// In which slack of the retention the node was last looked at.
    private var step: Int64?
    /// Bytes stored since the last trim.
    private var bytes = 0
    /// Records until the first trim; 0 or less when that was.
    private var untilFirst: Int

    /// `spread` is any number that differs from node to node, and `start` when this begins: not all
    /// nodes are trimmed at once, nor the same ones first after every start.
    init(_ retention: HistoryPolicy.Retention, spread: Int64, start: Instant) {
        self.retention = retention
        self.spread = spread
        let mixed = UInt64(bitPattern: spread &+ start.milliseconds / 1000)
        untilFirst = 1 + Int(mixed % UInt64(Self.firstTrimMaximum))
    }

    /// Takes a record of a period that began at `moment`, and says whether it is time to trim.
    mutating func isDue(at moment: Instant, storing count: Int) -> Bool {
        let slack = max(retention.slack.wholeMilliseconds, 1)
        let step = (moment.milliseconds &+ spread % slack) / slack
        let isNext = self.step.map { $0 != step } ?? false
        self.step = step
        bytes &+= count
        untilFirst = max(untilFirst, 0) - 1
        guard isNext || untilFirst == 0 || bytes > retention.bytes / 8 else { return false }
        bytes = 0
        return true
    }
}
