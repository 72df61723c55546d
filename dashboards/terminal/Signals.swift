import CNcurses
import Glibc

/// The signals that the program handles, as something to wait for beside keys and messages.
///
/// Made before any other thread, so that none of them takes a signal away from here.
struct Signals {
    let descriptor: Int32

    /// What a program with a screen handles, and one that only writes text.
    enum Kind {
        case screen, text

        fileprivate var numbers: [Int32] {
            switch self {
            case .screen: [SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP]
            // Without a screen there is nothing to restore before the program is stopped.
            case .text: [SIGINT, SIGTERM, SIGHUP]
            }
        }
    }

    /// Nil when the system gives no more descriptors.
    init?(_ kind: Kind) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in kind.numbers { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = lapwing_signal_descriptor(&set)
        if descriptor < 0 { return nil }
    }

    /// The signals that came since the last question, each once.
    func take() -> Set<Int32> {
        var result: Set<Int32> = []
        while true {
            let number = lapwing_take_signal(descriptor)
            if number == 0 { return result }
            result.insert(number)
        }
    }
}
