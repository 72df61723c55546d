package import XMPP

/// An end in peace.
extension RemoteTable {
    /// Connects and writes nothing from now on, and gives back what waits.
    ///
    /// Streams are closed when what was written on them has arrived, or after
    /// ``Limits/acknowledgementTime``; ``isQuiet`` says when all have ended.
    package mutating func stop(at now: Instant) -> [Action] {
        guard !isStopping else { return [] }
        isStopping = true
        line = []
        lineStart = 0
        returnWaiting()
        for question in questions.keys.sorted(by: { $0.key < $1.key }) {
            answer(question, .timedOut)
        }
        for id in streams.keys.sorted(by: { $0.number < $1.number }) { stop(id, at: now) }
        if !streams.isEmpty { schedule.set(.stop, at: now + limits.acknowledgementTime) }
        return take()
    }

    mutating func returnWaiting() {
        var returned: [Departure] = []
        for pair in pairs.keys.sorted(by: { $0.description < $1.description }) {
            returned += takeWaiting(for: pair)
            if pairs[pair]?.way == .inLine || pairs[pair]?.way == .waiting {
                pairs[pair]?.way = .idle
            }
            schedule.cancel(.line(pair))
            schedule.cancel(.proof(pair))
            tidy(pair)
        }
        if !returned.isEmpty { act(.returned(returned)) }
    }

    private mutating func stop(_ id: PeerID, at now: Instant) {
        guard let stream = streams[id], stream.phase != .closing else { return }
        if stream.phase == .opening, stream.origin != .theirs {
            act(.close(id, nil))
            end(id, nil, .none, at: now)
        } else if stream.written.isAcknowledged, !stream.written.isEmpty {
            streams[id]?.doubtSince = now
            act(.requestAcknowledgement(id))
        } else {
            close(id, StreamError(.systemShutdown))
        }
    }

    /// The stop has taken long enough.
    mutating func endStop() {
        for id in streams.keys.sorted(by: { $0.number < $1.number }) {
            close(id, StreamError(.systemShutdown))
        }
    }
}
