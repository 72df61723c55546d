/// A sample as agents publish it, with the fields that change in places that are known.
struct Payload {
    /// Stands before a quote, `>` and the time at which the item was sent.
    static let timeMarker: StaticString = "sent"
    static let timeDigits = 16
    /// Added to the monotonic microseconds: always so many digits, below 2^53.
    static let timeBase = 1_000_000_000_000_000
    private static let firstSequence = 100_000_000

    /// The whole item or packet; `write` makes each one out of it.
    private var template: [UInt8]
    private let timeOffset: Int?
    private let sequenceOffset: Int?
    private let itemOffset: Int?
    private var sequence = Payload.firstSequence

    /// The text of a sample of about so many bytes.
    static func sample(bytes: Int) -> String {
        let head =
            "<sample xmlns='urn:lapwing:1' at='2026-11-21T13:00:00.000Z'"
            + " seq='\(firstSequence)' run='r' level='ok'><v n='user'>12.3</v>"
            + "<v n='sent'>\(timeBase)</v>"
        let tail = "</sample>"
        var values = ""
        var number = 0
        while head.utf8.count + values.utf8.count + tail.utf8.count + 20 < bytes {
            values += "<v n='m\(number)'>\(1000 + number)</v>"
            number += 1
        }
        return head + values + tail
    }

    /// Where an item's id is counted up, it has as many digits as `sequence`.
    static let countedItem = "\(firstSequence)"

    init(_ bytes: [UInt8]) {
        template = bytes
        let time = bytes.offset(of: "n='sent'>").map { $0 + 9 }
        timeOffset = time
        sequenceOffset = bytes.offset(of: "seq='").map { $0 + 5 }
        itemOffset = bytes.offset(of: "item id='\(Self.firstSequence)").map { $0 + 9 }
    }

    /// Sends the next one: its own sequence number, id and time.
    mutating func write(to link: Link) {
        sequence += 1
        if let sequenceOffset { put(sequence, digits: 9, at: sequenceOffset) }
        if let itemOffset { put(sequence, digits: 9, at: itemOffset) }
        if let timeOffset { put(Self.timeBase + now(), digits: Self.timeDigits, at: timeOffset) }
        link.send(template)
    }

    private mutating func put(_ number: Int, digits: Int, at offset: Int) {
        var rest = number
        for place in stride(from: offset + digits - 1, through: offset, by: -1) {
            template[place] = UInt8(48 + rest % 10)
            rest /= 10
        }
    }
}

extension [UInt8] {
    /// Where this text begins.
    func offset(of text: String) -> Int? {
        let needle = Array(text.utf8)
        guard count >= needle.count else { return nil }
        return (0...(count - needle.count)).first { start in
            self[start..<start + needle.count].elementsEqual(needle)
        }
    }
}
