import NIOCore
import Platform
import XMPP

/// When the nodes of a loop's owners want to be looked at; one timer of the loop for all.
struct Alarms {
    private struct Entry {
        let due: Instant
        let owner: JID
    }

    /// Soonest last; owners that wait for a time are few, most of them for the same few times.
    private var entries: [Entry] = []
    /// The one time of each owner that counts; other entries of it are passed over.
    private var times: [JID: Instant] = [:]
    private var timer: (due: Instant, task: Scheduled<Void>)?

    mutating func set(for owner: JID, at due: Instant, on host: LoopHost) {
        if let earlier = times[owner], earlier <= due { return }
        times[owner] = due
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].due > due { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(due: due, owner: owner), at: low)
        arm(on: host)
    }

    /// Takes those whose time has come.
    mutating func due(at now: Instant, on host: LoopHost) -> [JID] {
        timer = nil
        var owners: [JID] = []
        while let last = entries.last, last.due <= now {
            entries.removeLast()
            guard times[last.owner] == last.due else { continue }
            times[last.owner] = nil
            owners.append(last.owner)
        }
        arm(on: host)
        return owners
    }

    private mutating func arm(on host: LoopHost) {
        guard let due = entries.last?.due else { return }
        if let timer {
            guard due < timer.due else { return }
            timer.task.cancel()
        }
        let wait = max(0, min((due - Instant.now) / .milliseconds(1), Self.waitMaximum))
        let task = host.loop.scheduleTask(in: .milliseconds(Int64(wait) + 1)) {
            host.assumeIsolated { $0.ring() }
        }
        timer = (due, task)
    }

    /// Milliseconds of the longest wait, so that a clock that is set meanwhile does no harm.
    private static let waitMaximum = 60_000.0
}
