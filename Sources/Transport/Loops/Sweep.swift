import NIOCore

/// A connection with deadlines.
protocol Sweepable: AnyObject {
    /// Where the ``Sweep`` has it; nil when it has not.
    var sweepPosition: Int? { get set }
    /// Looks at its deadlines.
    func swept(at now: NIODeadline)
    /// Ends its stream.
    func end(with error: StreamEndReason)
}

/// Looks at the deadlines of all of a loop's connections once a second.
///
/// One task a loop instead of some timers a connection: deadlines here are tens of seconds, so a
/// second late is no harm, and a timer costs more memory than the fields it would guard.
final class Sweep {
    /// How late a deadline may be noticed.
    static let interval = TimeAmount.seconds(1)

    private let eventLoop: any EventLoop
    private var members: [any Sweepable] = []
    private var task: RepeatedTask?
    private var whenEmpty: [EventLoopPromise<Void>] = []

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// How many connections there are.
    var count: Int { members.count }

    func add(_ member: any Sweepable) {
        guard member.sweepPosition == nil else { return }
        member.sweepPosition = members.count
        members.append(member)
        guard task == nil else { return }
        // The list outlives its task: it is this loop's for as long as the loop runs.
        let sweep = NIOLoopBound(self, eventLoop: eventLoop)
        task = eventLoop.scheduleRepeatedTask(
            initialDelay: Self.interval,
            delay: Self.interval
        ) { _ in sweep.value.sweep() }
    }

    func remove(_ member: any Sweepable) {
        guard let position = member.sweepPosition, members.indices.contains(position) else {
            return
        }
        member.sweepPosition = nil
        let last = members.removeLast()
        if last !== member {
            members[position] = last
            last.sweepPosition = position
        }
        guard members.isEmpty else { return }
        // Without connections the loop sleeps.
        task?.cancel()
        task = nil
        for promise in whenEmpty { promise.succeed() }
        whenEmpty = []
    }

    /// Ends all streams; the promise is kept when the last connection is gone.
    func endAll(with error: StreamEndReason, _ promise: EventLoopPromise<Void>) {
        guard !members.isEmpty else { return promise.succeed() }
        whenEmpty.append(promise)
        for member in members { member.end(with: error) }
    }

    private func sweep() {
        let now = eventLoop.now
        // A member may leave while it is looked at.
        for member in members { member.swept(at: now) }
    }
}
