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
}
