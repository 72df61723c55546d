import Modules
import XMPP

/// Which event loop has what: accounts by a hash of their bare address, sessions by their number.
struct Placement: Sendable {
    let loops: Int

    /// The loop that owns the account, or answers for the domain.
    ///
    /// The hash is our own (FNV-1a): Swift's differs between runs, and a cluster's nodes must
    /// agree.
    func loop(of address: JID) -> Int {
        guard loops > 1 else { return 0 }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (address.local ?? address.domain).utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        return Int(truncatingIfNeeded: (hash >> 33) % UInt64(loops))
    }

    /// The loop that a session's connection lives on.
    func loop(of session: SessionID) -> Int {
        Int(truncatingIfNeeded: session.rawValue >> Self.counterBits) % max(loops, 1)
    }

    /// Names a session: its loop above, a number that is never used again below.
    static func session(loop: Int, counter: UInt64) -> SessionID {
        SessionID(rawValue: UInt64(loop) << counterBits | (counter & ((1 << counterBits) - 1)))
    }

    private static let counterBits: UInt64 = 48
}
