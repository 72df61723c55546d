package import XMPP

/// What was to be written and is not, where the router is another process.
extension RemoteTable {
    /// The newest stanzas of a stream were not written after all: they wait again, before all
    /// others of their pairs.
    ///
    /// To be said before anything else of the stream's end, or of what has arrived on it.
    package mutating func unwritten(_ id: PeerID, _ count: Int) {
        guard let taken = streams[id]?.written.takeBack(count), !taken.isEmpty else { return }
        let groups = Dictionary(grouping: taken, by: \.pair)
        for (pair, entries) in groups {
            add(pair)
            pairs[pair]?.waiting.insert(contentsOf: entries, at: 0)
            // Their bytes are counted already.
            domains[pair.remote]?.stanzas += entries.count
            domains[pair.remote]?.bytes += entries.footprint
            counts.waiting += entries.count
        }
        streams[id]?.isHolding = true
    }

    /// Forgets the stanzas with these tickets, which the router has given back; what waits behind
    /// them goes on.
    package mutating func withdraw(_ tickets: Set<UInt64>, at now: Instant) -> [Action] {
        for pair in pairs.keys.sorted(by: { $0.description < $1.description }) {
            withdraw(tickets, from: pair)
            flush(pair, at: now)
            tidy(pair)
        }
        return take()
    }

    private mutating func withdraw(_ tickets: Set<UInt64>, from pair: DomainPair) {
        guard let waiting = pairs[pair]?.waiting else { return }
        let left = waiting.filter { !tickets.contains($0.ticket) }
        guard left.count < waiting.count else { return }
        pairs[pair]?.waiting = left
        lighten(pair, by: waiting.count - left.count, waiting.footprint - left.footprint)
    }
}
