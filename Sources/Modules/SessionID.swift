/// A session for as long as it lasts, on this server; never used again for another.
///
/// The host chooses the numbers, so that one tells where the session's connection lives.
package struct SessionID: Sendable, Hashable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}
