import COpenSSL
import NIOCore
import NIOPosix
import Synchronization
import XMPP

@testable import Transport

/// A record as it goes over the wire.
struct WireRecord: Sendable {
    var name: String
    var type: UInt16
    var data: [UInt8]

    static func a(_ name: String, _ bytes: UInt8...) -> Self {
        WireRecord(name: name, type: 1, data: bytes)
    }

    static func aaaa(_ name: String, _ address: String) -> Self {
        WireRecord(name: name, type: 28, data: Address.bytes(address) ?? [])
    }

    static func srv(
        _ name: String,
        _ priority: UInt16,
        _ weight: UInt16,
        _ port: UInt16,
        _ target: [UInt8]
    ) -> Self {
        let numbers = [priority, weight, port].flatMap(Wire.bytes)
        return WireRecord(name: name, type: 33, data: numbers + target)
    }

    /// The record's bytes; also what is signed of it (RFC 4034 §6.2).
    var bytes: [UInt8] {
        Wire.name(name) + Wire.bytes(type) + [0, 1] + Wire.bytes(Self.timeToLive)
            + Wire.bytes(UInt16(clamping: data.count)) + data
    }

    static let timeToLive: UInt32 = 300
}

enum Wire {
    static func bytes(_ number: UInt16) -> [UInt8] {
        [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    static func bytes(_ number: UInt32) -> [UInt8] {
        bytes(UInt16(number >> 16)) + bytes(UInt16(truncatingIfNeeded: number))
    }

    static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
            + [0]
    }
}

/// A name server on a loopback port that gives the answers of its test.
final class TestNameServer: Sendable {
    enum Reply: Sendable {
        case records([WireRecord])
        /// RFC 1035 §4.1.1: 2 is a failure, 3 no such name, 5 refused.
        case code(UInt8)
        case silence
    }

    typealias Answer = @Sendable (_ name: String, _ type: UInt16) -> Reply

    private let channel: any Channel
    let asked: Asked

    private init(_ channel: any Channel, _ asked: Asked) {
        self.channel = channel
        self.asked = asked
    }

    /// What was asked, in order.
    final class Asked: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    static func start(_ answer: @escaping Answer) async throws -> TestNameServer {
        let asked = Asked()
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(answer, asked))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return TestNameServer(channel, asked)
    }

    /// The server in a resolver's settings.
    var address: String { "127.0.0.1@\(channel.localAddress?.port ?? 0)" }

    func stop() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>

        private let answer: Answer
        private let asked: Asked

        init(_ answer: @escaping Answer, _ asked: Asked) {
            self.answer = answer
            self.asked = asked
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            let query = Array(envelope.data.readableBytesView)
            guard let reply = reply(to: query) else { return }
            let data = ByteBuffer(bytes: reply)
            let back = AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: data)
            context.writeAndFlush(wrapOutboundOut(back), promise: nil)
        }

        private func reply(to query: [UInt8]) -> [UInt8]? {
            guard query.count > 16 else { return nil }
            var labels: [String] = []
            var position = 12
            while position < query.count, query[position] > 0 {
                let end = position + 1 + Int(query[position])
                guard end < query.count else { return nil }
                labels.append(String(decoding: query[position + 1..<end], as: UTF8.self))
                position = end
            }
            guard position + 5 <= query.count else { return nil }
            let type = UInt16(query[position + 1]) << 8 | UInt16(query[position + 2])
            let name = labels.joined(separator: ".").lowercased()
            asked.add("\(name) \(type)")
            var code: UInt8 = 0
            var records: [WireRecord] = []
            switch answer(name, type) {
            case .silence: return nil
            case .code(let given): code = given
            case .records(let given): records = given
            }
            let question = query[12..<position + 5]
            let head = Array(query[0..<2]) + [0x81, 0x80 | code, 0, 1]
            let counts = Wire.bytes(UInt16(clamping: records.count)) + [0, 0, 0, 1]
            // With signatures (RFC 3225).
            let options: [UInt8] = [0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0]
            return head + counts + question + records.flatMap(\.bytes) + options
        }
    }
}

/// Signs records of a zone with one Ed25519 key (RFC 4034, RFC 8080).
struct TestSigner {
    let zone: String
    private let key: OpaquePointer
    private let publicKey: [UInt8]

    init?(zone: String) {
        self.zone = zone
        let secret = [UInt8](repeating: 7, count: 32)
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, secret, 32) else {
            return nil
        }
        self.key = key
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == 32 else {
            return nil
        }
        publicKey = bytes
    }

    func free() { EVP_PKEY_free(key) }

    /// A zone's signing key (RFC 4034 §2.1).
    var dnskey: WireRecord {
        WireRecord(name: zone, type: 48, data: [1, 1, 3, 15] + publicKey)
    }

    /// The key as a trust anchor.
    var anchor: String { "\(zone). IN DNSKEY 257 3 15 \(Base64.encode(publicKey))" }

    /// RFC 4034, appendix B.
    private var tag: UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in dnskey.data.enumerated() {
            sum += index.isMultiple(of: 2) ? UInt32(byte) << 8 : UInt32(byte)
        }
        return UInt16(truncatingIfNeeded: sum + sum >> 16)
    }

    /// The records of one name and type, with their signature (RFC 4034 §3.1).
    func signed(_ record: WireRecord) -> [WireRecord] {
        let labels = UInt8(clamping: record.name.split(separator: ".").count)
        // From 2020 to 2080.
        let times = Wire.bytes(UInt32(3_471_292_800)) + Wire.bytes(UInt32(1_577_836_800))
        let head =
            Wire.bytes(record.type) + [15, labels] + Wire.bytes(WireRecord.timeToLive) + times
            + Wire.bytes(tag) + Wire.name(zone)
        let signature = sign(head + record.bytes)
        return [record, WireRecord(name: record.name, type: 46, data: head + signature)]
    }

    private func sign(_ bytes: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        EVP_DigestSignInit(context, nil, nil, nil, key)
        EVP_DigestSign(context, &signature, &count, bytes, bytes.count)
        return signature
    }
}
