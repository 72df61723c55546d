import CLinux
import Glibc

/// What came on a link, counted straight from the read buffer.
///
/// At full speed a copy and a parse of every stanza would make the generator the bottleneck: XMPP
/// is searched for the bytes that end a message or begin an answer, MQTT is walked packet by
/// packet.
struct Tally {
    /// What is looked for; each is one pass over the bytes of an XMPP link.
    struct Watch: OptionSet {
        let rawValue: Int

        static let messages = Watch(rawValue: 1)
        static let answers = Watch(rawValue: 2)
        static let errors = Watch(rawValue: 4)
        /// The times in the payloads: how long each was under way.
        static let times = Watch(rawValue: 8)
    }

    var watch: Watch
    private(set) var messages = 0
    private(set) var answers = 0
    /// The text around the first error.
    private(set) var error: String?
    private var messageEnd = Needle("</message>")
    private var answerStart = Needle("<iq ")
    private var errorStart = Needle("<error")
    private var packets: MQTT.Walk?

    init(_ watch: Watch, speaksMQTT: Bool) {
        self.watch = watch
        packets = speaksMQTT ? MQTT.Walk() : nil
    }

    /// Reads on; `times` takes the delays when they are watched.
    mutating func read(_ bytes: UnsafeRawBufferPointer, into times: Delays?) {
        if packets != nil {
            packets?.read(bytes)
            messages = packets?.publishes ?? 0
            answers = packets?.answers ?? 0
        } else {
            if watch.contains(.messages) { messages += messageEnd.occurrences(in: bytes) }
            if watch.contains(.answers) { answers += answerStart.occurrences(in: bytes) }
            if watch.contains(.errors), errorStart.occurrences(in: bytes) > 0, error == nil {
                let text = String(decoding: bytes.suffix(400), as: UTF8.self)
                // A node that an earlier run has made will do.
                error = text.contains("<conflict") ? nil : text
            }
        }
        if watch.contains(.times) { times?.read(bytes) }
    }
}

/// Bytes that are searched for in a stream that comes in pieces.
struct Needle {
    private let text: StaticString
    /// The end of what was read, in which an occurrence may have begun.
    private var tail: [UInt8] = []

    init(_ text: StaticString) {
        self.text = text
    }

    mutating func occurrences(in bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return 0 }
        let length = text.utf8CodeUnitCount
        var found = 0
        if !tail.isEmpty {
            tail.append(contentsOf: bytes.prefix(length - 1))
            found = tail.withUnsafeBytes {
                memmem($0.baseAddress, $0.count, text.utf8Start, length) == nil ? 0 : 1
            }
        }
        var start = 0
        while let hit = memmem(base + start, bytes.count - start, text.utf8Start, length) {
            found += 1
            start = base.distance(to: UnsafeRawPointer(hit)) + length
        }
        keepTail(of: bytes, from: start, length: length)
        return found
    }

    private mutating func keepTail(of bytes: UnsafeRawBufferPointer, from: Int, length: Int) {
        if bytes.count >= length - 1 {
            tail.removeAll(keepingCapacity: true)
            tail.append(contentsOf: bytes[max(from, bytes.count - length + 1)...])
        } else if tail.isEmpty {
            tail.append(contentsOf: bytes[from...])
        } else if tail.count >= length {
            tail.removeFirst(tail.count - length + 1)
        }
    }
}

/// How long items were under way, from the time that is written in each (`Payload`).
final class Delays {
    private var microseconds: [Int32] = []
    var isRecording = false

    /// Takes the times in these bytes; one that is cut by their end is left out.
    func read(_ bytes: UnsafeRawBufferPointer) {
        guard isRecording, let base = bytes.baseAddress else { return }
        let marker = Payload.timeMarker
        let moment = now()
        var start = 0
        while let hit = memmem(
            base + start,
            bytes.count - start,
            marker.utf8Start,
            marker.utf8CodeUnitCount
        ) {
            start = base.distance(to: UnsafeRawPointer(hit)) + marker.utf8CodeUnitCount
            // A quote and the end of the tag come between, whichever quote the server writes.
            let digits = start + 2..<start + 2 + Payload.timeDigits
            guard digits.upperBound <= bytes.count else { return }
            guard bytes[digits].allSatisfy({ (48...57).contains($0) }) else { continue }
            var sent = 0
            for byte in bytes[digits] { sent = sent &* 10 &+ Int(byte &- 48) }
            let delay = moment - (sent - Payload.timeBase)
            microseconds.append(Int32(clamping: delay))
        }
    }

    /// Milliseconds below which this share of the delays lies; 0 when there are none.
    func quantile(_ share: Double) -> Double {
        guard !microseconds.isEmpty else { return 0 }
        microseconds.sort()
        let index = Int(Double(microseconds.count - 1) * share)
        return Double(microseconds[index]) / 1_000
    }

    var count: Int { microseconds.count }
}
