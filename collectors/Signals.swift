import Glibc
import Platform

/// The process's signals as something to wait for, together with the time of the next tick.
///
/// The signals are blocked in every thread and taken by the one that waits: no handler, no race.
struct Signals {
    /// Why a wait is over.
    enum Event {
        case time, wake, end
    }

    private var set = sigset_t()

    /// Blocks the signals; to be made before other threads start, which inherit that.
    init() {
        sigemptyset(&set)
        for signal in Self.ends + [Self.wakeSignal] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits until `time` on the monotonic clock, or for a signal.
    mutating func wait(until time: Duration) -> Event {
        while true {
            let left = max(time - SystemClock.monotonic.now, .zero)
            let (seconds, attoseconds) = left.components
            var timeout = timespec(
                tv_sec: Int(clamping: seconds),
                tv_nsec: Int(clamping: attoseconds / 1_000_000_000)
            )
            let signal = sigtimedwait(&set, nil, &timeout)
            if signal == Self.wakeSignal { return .wake }
            if Self.ends.contains(signal) { return .end }
            if errno == EAGAIN { return .time }
        }
    }

    /// Ends a wait early, from any thread.
    static func wake() {
        kill(getpid(), wakeSignal)
    }

    private static let ends = [SIGTERM, SIGINT, SIGHUP]
    private static let wakeSignal = SIGUSR1
}
