import Synchronization
import Transport

/// What is shown to other servers, so that one reload reaches all streams that begin after it.
final class Credentials: Sendable {
    private let newest: Mutex<PeerCredentials?>

    init(_ credentials: PeerCredentials?) {
        newest = Mutex(credentials)
    }

    var current: PeerCredentials? { newest.withLock { $0 } }

    func replace(with credentials: PeerCredentials?) {
        newest.withLock { $0 = credentials }
    }
}
