import Glibc

/// The users of this system.
package enum SystemUser {
    /// The number of the user of that name, or of that number; nil where there is none.
    package static func number(of name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        // Longer records are nobody's.
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        let result = getpwnam_r(name, &record, &buffer, buffer.count, &found)
        return result == 0 && found != nil ? record.pw_uid : nil
    }
}
