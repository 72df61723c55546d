import Modules
import Transport
import XMPP

// What goes to the connections of this loop; who reads slowly has it waiting (Backlog).
extension LoopHost {
    func send(_ bytes: [UInt8], to session: SessionID) {
        guard let connection = connections[session] else { return }
        if backlogs.isEmpty || backlogs[session] == nil, connection.takesMore {
            connection.send(bytes)
        } else {
            hold(for: session, connection) { $0.add(bytes) }
        }
    }

    func send(_ event: EventBytes, to target: Letter.Target) {
        guard let connection = connections[target.session] else { return }
        if backlogs.isEmpty || backlogs[target.session] == nil, connection.takesMore {
            Self.write(event, target, on: connection)
        } else {
            hold(for: target.session, connection) { $0.add(event, to: target) }
        }
    }

    func end(_ session: SessionID, with error: StreamError?) {
        if error == nil, backlogs[session] != nil {
            backlogs[session]?.addEnd()
        } else {
            backlogs[session] = nil
            connections[session]?.close(error)
        }
    }

    private func hold(
        for session: SessionID,
        _ connection: StreamConnection,
        _ add: (inout Backlog) -> Void
    ) {
        add(&backlogs[session, default: Backlog()])
        guard backlogs[session]?.isOver(backlogBytes) == true else { return }
        // Nobody who does not read may cost memory without bound.
        backlogs[session] = nil
        connection.close(StreamError(.resourceConstraint))
    }

    /// The peer has read: it gets what waits, as much as it takes.
    func drain(_ connection: StreamConnection) {
        guard let session = session(of: connection)?.session else { return }
        while connection.takesMore, let piece = backlogs[session]?.next() {
            switch piece {
            case .bytes(let bytes): connection.send(bytes)
            case .event(let event, let target): Self.write(event, target, on: connection)
            case .end: connection.close(nil)
            }
        }
        guard let backlog = backlogs[session], backlog.isEmpty else { return }
        eventsCoalesced &+= UInt64(backlog.coalesced)
        backlogs[session] = nil
    }

    private static func write(
        _ event: EventBytes,
        _ target: Letter.Target,
        on connection: StreamConnection
    ) {
        connection.sendEvent(
            head: event.head,
            toBare: target.isBare,
            body: event.body,
            own: target.own,
            end: EventBytes.end
        )
    }
}
