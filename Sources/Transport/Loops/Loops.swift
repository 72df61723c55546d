package import NIOCore
package import XMPP

/// What the connections of one event loop share; touched on that loop only.
final class LoopState {
    let eventLoop: any EventLoop
    let parsers = ParserPool()
    let flushList: FlushList
    let sweep: Sweep

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        flushList = FlushList(eventLoop)
        sweep = Sweep(eventLoop)
    }
}

/// The event loops that connections live on, each with what its connections share.
///
/// All listeners of a server are given the same one, so that they share parsers and flush together.
package final class Loops: Sendable {
    package let group: any EventLoopGroup
    private let states: [ObjectIdentifier: NIOLoopBoundBox<LoopState>]

    package init(_ group: any EventLoopGroup) {
        self.group = group
        var states: [ObjectIdentifier: NIOLoopBoundBox<LoopState>] = [:]
        for eventLoop in group.makeIterator() {
            states[ObjectIdentifier(eventLoop)] = .makeBoxSendingValue(
                LoopState(eventLoop),
                eventLoop: eventLoop
            )
        }
        self.states = states
    }

    /// The state of the loop that this is called on; nil for a loop that is none of the group's.
    func state(on eventLoop: any EventLoop) -> LoopState? {
        states[ObjectIdentifier(eventLoop)]?.value
    }

    /// Ends all streams of all loops with that error and returns when the connections are gone,
    /// which takes as long as the slowest peer is given to answer.
    package func endStreams(with error: StreamError?) async {
        // All at once: a slow peer of one loop is no reason to keep the others waiting.
        let endings = states.values.map { box in
            let eventLoop = box.eventLoop
            return eventLoop.flatSubmit {
                let promise = eventLoop.makePromise(of: Void.self)
                box.value.sweep.endAll(with: StreamEndReason(error: error), promise)
                return promise.futureResult
            }
        }
        // They never fail.
        for ending in endings { try? await ending.get() }
    }

    /// How many connections there are at this moment.
    package func connectionCount() async -> Int {
        var count = 0
        for box in states.values {
            count += (try? await box.eventLoop.submit { box.value.sweep.count }.get()) ?? 0
        }
        return count
    }
}

/// With which error a stream is ended from our side; none means in peace.
struct StreamEndReason: Sendable {
    var error: StreamError?
}
