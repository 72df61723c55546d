import Dispatch
import Glibc

/// The signals that a server obeys, as a stream of events.
enum Signal: Sendable {
    /// SIGTERM or SIGINT: close the streams and end.
    case terminate
    /// SIGHUP: read the certificates and the components again.
    case reload

    /// The signals from here on; their default effects are switched off.
    ///
    /// For the rest of the program: nothing takes the handlers away again.
    static func events() -> AsyncStream<Signal> {
        let (events, continuation) = AsyncStream<Signal>.makeStream()
        let meanings: [(CInt, Signal)] = [
            (SIGTERM, .terminate), (SIGINT, .terminate), (SIGHUP, .reload),
        ]
        for (number, meaning) in meanings {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler holds its source, which nothing else does.
            source.setEventHandler {
                withExtendedLifetime(source) { _ = continuation.yield(meaning) }
            }
            source.resume()
        }
        // A peer that is gone is an error of the write, not the end of the server.
        signal(SIGPIPE, SIG_IGN)
        return events
    }
}
