import COpenSSL

/// The names by which XMPP goes in ALPN (XEP-0368 §3).
enum ApplicationProtocol: String {
    case client = "xmpp-client"
    case server = "xmpp-server"

    /// A list of one, as the library wants it: lengths before names (RFC 7301 §3.1).
    var list: [UInt8] { [UInt8(rawValue.utf8.count)] + Array(rawValue.utf8) }

    /// Where the name stands in such a list.
    func position(in list: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var start = 0
        while start < list.count {
            let name = start + 1..<start + 1 + Int(list[start])
            guard name.upperBound <= list.count else { return nil }
            if list[name].elementsEqual(rawValue.utf8) { return name }
            start = name.upperBound
        }
        return nil
    }

    /// Answers an offer as OpenSSL wants it; who names other protocols only is in the wrong place.
    func choose(
        from offer: UnsafeBufferPointer<UInt8>,
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ length: UnsafeMutablePointer<UInt8>?
    ) -> Int32 {
        guard let found = position(in: offer) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        // Within the peer's list, which outlives this call; the library copies it.
        chosen?.pointee = offer.baseAddress.map { $0 + found.lowerBound }
        length?.pointee = UInt8(found.count)
        return SSL_TLSEXT_ERR_OK
    }
}
