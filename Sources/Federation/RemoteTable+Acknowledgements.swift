package import XMPP

/// What has arrived, and whether a stream is still of use.
extension RemoteTable {
    /// The peer acknowledges what we send on the stream from now on (XEP-0198).
    ///
    /// Until then, and on a stream of which this is never said, what the socket has taken has to
    /// do: see ``drained(_:at:)``.
    package mutating func acknowledging(_ id: PeerID, at now: Instant) -> [Action] {
        guard streams[id]?.written.isAcknowledged == false else { return [] }
        streams[id]?.written.becomeAcknowledged()
        streams[id]?.doubtSince = nil
        schedule.cancel(.settle(id))
        watch(id, at: now)
        return take()
    }

    /// So many stanzas of ours, the oldest, have arrived (``FederationEvent/settled(_:)``).
    package mutating func settled(_ id: PeerID, _ count: Int, at now: Instant) -> [Action] {
        arrived(on: id, at: now) { $0.acknowledge(count) }
        return take()
    }

    /// Nothing is left to be written on the stream's socket: to be said whenever that becomes so,
    /// also where a write went out whole.
    ///
    /// What was written before this was said the last time counts as arrived at the peer's system,
    /// where there are no acknowledgements to say so.
    package mutating func drained(_ id: PeerID, at now: Instant) -> [Action] {
        guard streams[id]?.written.isAcknowledged == false else { return [] }
        arrived(on: id, at: now) { $0.drain() }
        return take()
    }

    /// Something came on the stream: it is not idle.
    package mutating func heard(_ id: PeerID, at now: Instant) -> [Action] {
        streams[id]?.lastActive = now
        return []
    }

    // MARK: - Doubt

    /// Takes what has arrived out of doubt, and writes what had to wait for that.
    private mutating func arrived(
        on id: PeerID,
        at now: Instant,
        _ take: (inout WrittenStanzas) -> [Departure]
    ) {
        // Taken out and put back, so that what it keeps is not copied.
        guard var stream = streams.removeValue(forKey: id) else { return }
        let wasOfUse = stream.written.hasSettled
        let bytes = stream.written.bytes
        let departures = take(&stream.written)
        counts.bytes -= bytes - stream.written.bytes
        stream.doubtSince = nil
        streams[id] = stream
        if !departures.isEmpty { act(.settled(departures)) }
        if !wasOfUse, stream.written.hasSettled { forgive(stream) }
        guard stream.phase == .open else { return }
        schedule.cancel(.settle(id))
        if isStopping, stream.written.isEmpty {
            return close(id, StreamError(.systemShutdown))
        }
        // The answer was to an earlier question: the stop must not wait until it is time for one.
        if isStopping, stream.written.isAcknowledged, !departures.isEmpty {
            act(.requestAcknowledgement(id))
        }
        watch(id, at: now)
        resume(id, at: now)
    }

    /// Writes what waits for pairs of the stream because too much was in doubt.
    private mutating func resume(_ id: PeerID, at now: Instant) {
        guard streams[id]?.isHolding == true else { return }
        streams[id]?.isHolding = false
        let carried = streams[id]?.pairs ?? []
        for pair in carried where pairs[pair]?.way == .open(id) { flush(pair, at: now) }
    }

    /// A stream of ours was of use: earlier failures of its domain count no more.
    private mutating func forgive(_ stream: RemoteStream) {
        guard case .ours(let domain, _) = stream.origin, domains[domain]?.backoff != nil else {
            return
        }
        domains[domain]?.backoff = nil
        schedule.cancel(.forget(domain))
    }

    /// Sees that what was written on a stream does not stay in doubt.
    mutating func watch(_ id: PeerID, at now: Instant) {
        guard let written = streams[id]?.written, !written.isEmpty else { return }
        if !written.isAcknowledged, written.isUndrained, streams[id]?.doubtSince == nil {
            streams[id]?.doubtSince = now
        }
        if schedule.contains(.settle(id)) { return }
        schedule.set(.settle(id), at: now + limits.settleTime)
    }

    /// What was written on a stream has been in doubt for a while.
    mutating func settleDoubt(_ id: PeerID, at now: Instant) {
        guard let stream = streams[id], stream.phase == .open, !stream.written.isEmpty else {
            return
        }
        if let since = stream.doubtSince, since + limits.acknowledgementTime <= now {
            return close(id, StreamError(.connectionTimeout))
        }
        if stream.written.isAcknowledged {
            streams[id]?.doubtSince = now
            act(.requestAcknowledgement(id))
            schedule.set(.settle(id), at: now + limits.acknowledgementTime)
        } else {
            let since = stream.doubtSince
            arrived(on: id, at: now) { $0.believe() }
            if let since, streams[id]?.written.isUndrained == true {
                streams[id]?.doubtSince = since
            }
        }
    }

    /// A stream of ours may have carried nothing for a while.
    mutating func restIdle(_ id: PeerID, at now: Instant) {
        guard let stream = streams[id], stream.phase == .open else { return }
        let due = stream.lastActive + limits.idleTime
        if due <= now, !stream.isBusy { return close(id, nil) }
        rests.set(.idle(id), at: max(due, now + limits.settleTime))
    }
}
