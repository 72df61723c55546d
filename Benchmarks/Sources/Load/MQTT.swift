/// As much of MQTT 3.1.1 as the analogue of a publish and a subscription needs.
enum MQTT {
    /// A client that leaves no session behind and is never asked for a sign of life.
    static func connect(client: String) -> [UInt8] {
        let head: [UInt8] = [0, 4] + Array("MQTT".utf8) + [4, 0x02, 0, 0]
        return packet(0x10, head + field(client))
    }

    /// A retained message; its answer at quality of service 1 is a PUBACK.
    static func publish(topic: String, payload: [UInt8], quality: Int) -> [UInt8] {
        let identifier: [UInt8] = quality > 0 ? [0, 1] : []
        return packet(UInt8(0x31 | quality << 1), field(topic) + identifier + payload)
    }

    static func subscribe(filter: String) -> [UInt8] {
        packet(0x82, [0, 1] + field(filter) + [0])
    }

    private static func packet(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
        var length = body.count
        var bytes = [kind]
        repeat {
            bytes.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        return bytes + body
    }

    private static func field(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    /// Goes from packet to packet and counts them by kind, without looking into them.
    struct Walk {
        private enum Place {
            case kind, length
            case body(left: Int)
        }

        private(set) var publishes = 0
        /// CONNACK, PUBACK and SUBACK.
        private(set) var answers = 0
        private var place = Place.kind
        private var kind: UInt8 = 0
        private var length = 0
        private var shift = 0

        mutating func read(_ bytes: UnsafeRawBufferPointer) {
            var index = 0
            while index < bytes.count {
                switch place {
                case .kind:
                    kind = bytes[index] >> 4
                    length = 0
                    shift = 0
                    index += 1
                    place = .length
                case .length:
                    length |= Int(bytes[index] & 0x7F) << shift
                    shift += 7
                    if bytes[index] & 0x80 == 0 { enterBody() }
                    index += 1
                case .body(let left):
                    let step = min(left, bytes.count - index)
                    index += step
                    if step == left { end() } else { place = .body(left: left - step) }
                }
            }
        }

        private mutating func enterBody() {
            if length == 0 { end() } else { place = .body(left: length) }
        }

        private mutating func end() {
            switch kind {
            case 3: publishes += 1
            case 2, 4, 9: answers += 1
            default: break
            }
            place = .kind
        }
    }
}
