/// Publishers that keep a bounded number of items under way, or publish at a rate.
///
/// An item is under way until it is acknowledged and all viewers have it: so the queues of a
/// server that answers before it delivers stay bounded too, and brokers that do not answer at
/// all are measured in the same way.
final class Flow {
    /// A link and what it publishes, in turn.
    final class Publisher {
        let link: Link
        var items: [Payload]
        private var next = 0
        private(set) var sent = 0
        private let answeredBefore: Int

        init(_ link: Link, _ items: [Payload]) {
            self.link = link
            self.items = items
            answeredBefore = link.tally.answers
        }

        var answered: Int { link.tally.answers - answeredBefore }

        func publish() {
            items[next].write(to: link)
            next = (next + 1) % items.count
            sent += 1
        }
    }

    private let loop: Loop
    let publishers: [Publisher]
    let viewers: [Link]
    /// How many notifications a publish makes; 0 when only answers are waited for.
    let copies: Int
    private let window: Int
    private let answers: Bool
    /// Microseconds between two publishes; 0 is full speed.
    private let interval: Int
    private var due = now()
    private var cursor = 0
    private(set) var published = 0
    private let deliveredBefore: Int
    /// Notifications that were given up because nothing came any more.
    private(set) var missing = 0
    private var progress = (delivered: 0, at: now())
    private static let patience = 2_000_000

    /// `answers` says whether each publish is answered; without it, as the dialect has it.
    init(
        _ stage: Stage,
        publishers: [Publisher],
        viewers: [Link],
        copies: Int,
        answers: Bool? = nil
    ) throws(LoadError) {
        loop = stage.loop
        self.publishers = publishers
        self.viewers = viewers
        self.copies = copies
        window = try stage.options.number("window", default: 8)
        let rate = try stage.options.number("rate", default: 0)
        interval = rate == 0 ? 0 : 1_000_000 / rate
        self.answers = answers ?? stage.dialect.acknowledges
        deliveredBefore = viewers.reduce(0) { $0 + $1.tally.messages }
        for publisher in publishers { publisher.link.tally.watch = [.answers, .errors] }
        for viewer in viewers { viewer.tally.watch = [.messages] }
    }

    var delivered: Int { viewers.reduce(0) { $0 + $1.tally.messages } - deliveredBefore }
    var answered: Int { publishers.reduce(0) { $0 + $1.answered } }

    /// Publishes for a while.
    func run(seconds: Int) {
        let end = now() + seconds * 1_000_000
        while now() < end { step() }
    }

    /// Waits until everything is answered, so that another flow can begin.
    func drain() {
        let end = now() + 5_000_000
        while answers, answered < published, now() < end { loop.turn(milliseconds: 10) }
    }

    /// Publishes so many more, but no longer than this many seconds, and drains.
    ///
    /// - Returns: How many it were when the time was over.
    func run(publishes: Int, patience: Int) throws(LoadError) -> Int {
        let end = now() + patience * 1_000_000
        let before = published
        let goal = published + publishes
        while answered < goal, now() < end {
            if let failure = publishers.lazy.compactMap(\.link.failure).first {
                throw LoadError(failure)
            }
            step(limit: goal - published)
        }
        drain()
        return published - before
    }

    private func step(limit: Int = .max) {
        if interval > 0 {
            publishDue()
            loop.turn(milliseconds: Int32(max(0, min(100, (due - now() + 999) / 1_000))))
        } else {
            refill(limit: limit)
            loop.turn(milliseconds: 100)
        }
    }

    private func publishDue() {
        while due <= now() {
            let publisher = publishers[cursor]
            publisher.publish()
            loop.flush(publisher.link)
            published += 1
            due += interval
            cursor = (cursor + 1) % publishers.count
        }
    }

    private func refill(limit: Int) {
        var room = min(limit, window * publishers.count - underWay())
        var full = 0
        var touched: Set<Int> = []
        while room > 0, full < publishers.count {
            let publisher = publishers[cursor]
            if !answers || publisher.sent - publisher.answered < window {
                publisher.publish()
                published += 1
                room -= 1
                full = 0
                touched.insert(cursor)
            } else {
                full += 1
            }
            cursor = (cursor + 1) % publishers.count
        }
        for index in touched { loop.flush(publishers[index].link) }
    }

    /// Publishes that some viewer may still be waiting for.
    private func underWay() -> Int {
        guard copies > 0 else { return answers ? 0 : published - answered }
        let delivered = delivered
        let open = published - (delivered + missing) / copies
        if delivered != progress.delivered {
            progress = (delivered, now())
        } else if open > 0, now() - progress.at > Self.patience {
            missing = published * copies - delivered
            progress.at = now()
            return 0
        }
        return max(0, open)
    }
}
