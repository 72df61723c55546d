import Glibc

/// Short lines to standard error, where a service's log is.
enum Log {
    static func info(_ message: String) { write(message) }

    static func warning(_ message: String) { write("warning: " + message) }

    static func error(_ message: String) { write("error: " + message) }

    /// The system's words for an error.
    static func text(errno code: Int32) -> String {
        String(cString: strerror(code))
    }

    private static func write(_ message: String) {
        // A line in one write, so that threads do not mix; what a peer wrote may hold anything.
        var bytes = Array("lapwing-agent: ".utf8)
        for byte in message.utf8.prefix(longestLine) {
            bytes.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte)
        }
        bytes.append(UInt8(ascii: "\n"))
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Bytes of a line: errors may carry a peer's text.
    private static let longestLine = 1000
}
