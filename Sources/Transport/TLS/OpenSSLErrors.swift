import COpenSSL

/// The library's queue of errors, one a thread.
enum OpenSSLErrors {
    /// Empties the queue: before a call whose failure will be read from it.
    static func clear() {
        ERR_clear_error()
    }

    /// The oldest reason in words, which is the cause of those after it; empties the queue.
    static func take() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "no reason given" }
        guard let reason = ERR_reason_error_string(code) else { return "error \(code)" }
        return String(cString: reason)
    }

    /// The failure of a call whose reason is in the queue.
    static func failure() -> TLSError {
        .library(take())
    }

    /// Throws what the queue says unless a call returned success.
    static func check(_ result: some BinaryInteger) throws(TLSError) {
        guard result > 0 else { throw failure() }
    }

    /// Throws what the queue says when a call returned no object.
    static func check<Object>(_ object: Object?) throws(TLSError) -> Object {
        guard let object else { throw failure() }
        return object
    }
}
