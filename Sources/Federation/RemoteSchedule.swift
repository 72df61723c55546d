import XMPP

/// When a ``RemoteTable`` has to look at what: each duty once, and the soonest at hand.
///
/// A binary heap that knows where each duty is, so that what is over is taken out at once and
/// nothing that is dead stays in memory.
struct RemoteSchedule: Sendable {
    enum Duty: Sendable, Hashable {
        /// A stream of ours must be ready.
        case ready(PeerID)
        /// A stream of ours has carried nothing for a while.
        case idle(PeerID)
        /// Something that was written is in doubt.
        case settle(PeerID)
        /// The pair must be proven on a stream that is there already.
        case proof(DomainPair)
        /// The pair has waited in line for a connection.
        case line(DomainPair)
        /// There may be a stream to close for those that wait in line.
        case place
        /// The question must be answered.
        case question(DialbackQuestion)
        /// The domain's, or the pair's, last failure is of no interest any more.
        case forget(String)
        case forgetPair(DomainPair)
        /// The stop has taken long enough.
        case stop
    }

    private struct Entry: Sendable {
        var due: Instant
        let duty: Duty
    }

    private var heap: [Entry] = []
    private var places: [Duty: Int] = [:]

    var count: Int { heap.count }
    var next: Instant? { heap.first?.due }

    /// Puts the duty at that time, wherever it was before.
    mutating func set(_ duty: Duty, at due: Instant) {
        if let place = places[duty] {
            heap[place].due = due
            settle(place)
            return
        }
        heap.append(Entry(due: due, duty: duty))
        places[duty] = heap.count - 1
        rise(heap.count - 1)
    }

    func contains(_ duty: Duty) -> Bool { places[duty] != nil }

    mutating func cancel(_ duty: Duty) {
        guard let place = places.removeValue(forKey: duty) else { return }
        remove(at: place)
    }

    /// Takes the soonest duty, where its time has come.
    mutating func take(at now: Instant) -> Duty? {
        guard let first = heap.first, first.due <= now else { return nil }
        places[first.duty] = nil
        remove(at: 0)
        return first.duty
    }

    // MARK: - The heap

    private mutating func remove(at place: Int) {
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        places[last.duty] = place
        settle(place)
    }

    private mutating func settle(_ place: Int) {
        rise(place)
        sink(place)
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].due < heap[parent].due else { return }
            swap(place, parent)
            place = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var smallest = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && heap[child].due < heap[smallest].due {
                smallest = child
            }
            guard smallest != place else { return }
            swap(place, smallest)
            place = smallest
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        places[heap[one].duty] = one
        places[heap[other].duty] = other
    }
}
