import CNcurses
import Glibc

/// Gives the terminal back when the program dies without being able to say so.
///
/// What the handler needs is made beforehand and never freed: a handler may call neither ncurses
/// nor the allocator.
struct CrashGuard {
    private static let signals = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT]

    /// Bytes of the sequences that leave full-screen mode: terminfo's are far shorter.
    private static let maximumBytes = 256

    init() {
        tcgetattr(STDOUT_FILENO, CrashMemory.terminal)
    }

    /// Takes the signals; the terminal must be known to ncurses.
    func arm() {
        var bytes: [UInt8] = []
        // Cursor visible, attributes off, keypad off, other screen left.
        for name in ["cnorm", "sgr0", "rmkx", "rmcup"] {
            guard let text = lapwing_capability(name) else { continue }
            bytes += String(cString: text).utf8
        }
        bytes = Array(bytes.prefix(Self.maximumBytes))
        for (index, byte) in bytes.enumerated() { CrashMemory.sequence[index] = byte }
        CrashMemory.count.pointee = bytes.count
        for number in Self.signals {
            signal(number) { number in
                _ = write(STDOUT_FILENO, CrashMemory.sequence, CrashMemory.count.pointee)
                tcsetattr(STDOUT_FILENO, TCSANOW, CrashMemory.terminal)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Leaves the signals alone again.
    func disarm() {
        for number in Self.signals { signal(number, SIG_DFL) }
    }

    /// Written by the main thread before the handlers are set, read by them alone afterwards: that
    /// order is why the pointers may be shared.
    private enum CrashMemory {
        nonisolated(unsafe) static let terminal = UnsafeMutablePointer<termios>.allocate(
            capacity: 1
        )
        nonisolated(unsafe) static let sequence = UnsafeMutablePointer<UInt8>.allocate(
            capacity: maximumBytes
        )
        nonisolated(unsafe) static let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    }
}
