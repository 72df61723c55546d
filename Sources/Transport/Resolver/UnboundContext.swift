import CUnbound
import Glibc

/// libunbound's context: it asks, caches and validates on a thread of its own.
///
/// Confined to the thread that made it.
final class UnboundContext {
    /// What came back: the data of the records, without those that are too long or too many.
    struct Answer {
        var records: [[UInt8]]
        /// Whether there were records at all.
        var hadRecords: Bool
        var isSecure: Bool
    }

    /// The question that the library is to give back with its answer.
    private final class Ticket {
        let id: Int
        unowned let context: UnboundContext

        init(_ id: Int, _ context: UnboundContext) {
            self.id = id
            self.context = context
        }
    }

    private let pointer: OpaquePointer
    private let limits: ResolverLimits
    private var tickets: [Int: Ticket] = [:]
    private var answers: [(id: Int, Result<Answer, ResolverError>)] = []

    /// Sets the library up; nothing is sent yet.
    init(_ settings: ResolverSettings) throws(ResolverError) {
        guard let pointer = ub_ctx_create() else { throw .settings("no memory") }
        self.pointer = pointer
        limits = settings.limits
        // Else it writes its complaints to standard error, over a dashboard's screen.
        ub_ctx_debugout(pointer, nil)
        try check(ub_ctx_async(pointer, 1), "threads")
        try set(settings.limits)
        try set(settings.servers)
        try setKeys(settings)
        // A file that is not there says nothing; of one with a mistake, what comes before holds.
        if let file = settings.hostsFile { ub_ctx_hosts(pointer, file) }
        // The library would refuse the zone by itself, and closed networks use it (RFC 6761 §6.2).
        let zone = settings.servers == .none ? (".", "static") : ("test.", "transparent")
        let error = ub_ctx_zone_add(pointer, zone.0, zone.1)
        // From here on the library takes no settings, and reads the files of keys first.
        if error == UB_INITFAIL.rawValue, let file = settings.keyFile {
            throw .settings("\(file) holds something that is no DS or DNSKEY record")
        }
        try check(error, "records")
        for record in settings.records {
            try check(ub_ctx_data_add(pointer, record), "the record ‘\(record)’")
        }
    }

    deinit {
        // Ends its thread; what is under way is not answered any more.
        ub_ctx_delete(pointer)
    }

    /// Becomes readable when there are answers.
    var descriptor: Int32 { ub_fd(pointer) }

    /// Asks; the answer comes with ``takeAnswers()``.
    func ask(_ id: Int, name: DNSName, type: Int32) throws(ResolverError) {
        let ticket = Ticket(id, self)
        // The last dot makes it absolute.
        let error = ub_resolve_async(
            pointer,
            name.text + ".",
            type,
            Self.classInternet,
            Unmanaged.passUnretained(ticket).toOpaque(),
            { ticket, error, result in
                if let ticket {
                    let ticket = Unmanaged<Ticket>.fromOpaque(ticket).takeUnretainedValue()
                    ticket.context.answered(ticket.id, error, result?.pointee)
                }
                ub_resolve_free(result)
            },
            nil
        )
        guard error == 0 else { throw .failed(Self.words(error)) }
        tickets[id] = ticket
    }

    /// What was answered since the last call.
    func takeAnswers() throws(ResolverError) -> [(id: Int, Result<Answer, ResolverError>)] {
        let error = ub_process(pointer)
        guard error == 0 else { throw .failed(Self.words(error)) }
        defer { answers = [] }
        return answers
    }
}

// MARK: - Answers

extension UnboundContext {
    private static let classInternet: Int32 = 1
    private static let noError: Int32 = 0
    private static let noSuchName: Int32 = 3
    /// RFC 1035 §4.1.1.
    private static let codes: [Int32: String] = [
        1: "format error", 2: "server failure", 4: "not implemented", 5: "refused",
    ]
    /// Characters taken of what the library says of an answer.
    private static let wordsMaximum = 200

    private func answered(_ id: Int, _ error: Int32, _ result: ub_result?) {
        tickets[id] = nil
        answers.append((id, read(error, result)))
    }

    private func read(_ error: Int32, _ result: ub_result?) -> Result<Answer, ResolverError> {
        guard error == 0, let result else { return .failure(.failed(Self.words(error))) }
        if result.bogus != 0 { return .failure(.bogus(Self.printable(result.why_bogus))) }
        guard result.rcode == Self.noError || result.rcode == Self.noSuchName else {
            let words = Self.codes[result.rcode] ?? "code \(result.rcode)"
            return .failure(.failed(words))
        }
        var answer = Answer(records: [], hadRecords: false, isSecure: result.secure != 0)
        guard result.havedata != 0, let data = result.data, let lengths = result.len else {
            return .success(answer)
        }
        var index = 0
        while let record = data[index], index < limits.records {
            answer.hadRecords = true
            let length = Int(lengths[index])
            if (0...limits.recordBytes).contains(length) {
                let bytes = UnsafeRawBufferPointer(start: record, count: length)
                answer.records.append(Array(bytes))
            }
            index += 1
        }
        return .success(answer)
    }

    /// Text that names from an answer may stand in, fit for a log.
    private static func printable(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        let bytes = UnsafeBufferPointer(start: text, count: strnlen(text, wordsMaximum))
        return String(
            decoding: bytes.map { (0x20...0x7E).contains($0) ? UInt8($0) : UInt8(ascii: "?") },
            as: UTF8.self
        )
    }

    private static func words(_ error: Int32) -> String {
        ub_strerror(error).map { String(cString: $0) } ?? "error \(error)"
    }
}

// MARK: - Settings

extension UnboundContext {
    private func check(_ error: Int32, _ what: String) throws(ResolverError) {
        guard error == 0 else { throw .settings("\(what): \(Self.words(error))") }
    }

    private func set(_ option: String, _ value: String) throws(ResolverError) {
        try check(ub_ctx_set_option(pointer, option + ":", value), option)
    }

    private func set(_ limits: ResolverLimits) throws(ResolverError) {
        try set("outgoing-range", "\(limits.underWay)")
        for cache in ["msg-cache-size", "rrset-cache-size", "key-cache-size", "neg-cache-size"] {
            try set(cache, "\(limits.cacheBytes)")
        }
        // A name server that was away for a while is to be asked again soon after.
        try set("infra-host-ttl", "60")
        try set("infra-keep-probing", "yes")
    }

    private func set(_ servers: ResolverSettings.Servers) throws(ResolverError) {
        switch servers {
        case .system:
            // Without one, resolv.conf(5): the one on this host. Never the root's by ourselves.
            if ub_ctx_resolvconf(pointer, nil) != 0 {
                try check(ub_ctx_set_fwd(pointer, "127.0.0.1"), "name server")
            }
        case .these(let addresses):
            guard !addresses.isEmpty else { throw .settings("no name server is given") }
            for address in addresses {
                try check(ub_ctx_set_fwd(pointer, address), "the name server ‘\(address)’")
            }
        case .none: break
        }
    }

    private func setKeys(_ settings: ResolverSettings) throws(ResolverError) {
        if case .keys(let keys) = settings.trustAnchor {
            for key in keys { try check(ub_ctx_add_ta(pointer, key), "the key ‘\(key)’") }
        }
        guard let file = settings.keyFile else { return }
        if settings.trustAnchor == .file(file), try !Self.holdsKeys(file) {
            throw .settings("\(file) holds no DS or DNSKEY record")
        }
        try check(ub_ctx_add_ta_file(pointer, file), file)
    }

    /// Whether a file has a key at all: the library takes an empty one, and then believes all.
    private static func holdsKeys(_ file: String) throws(ResolverError) -> Bool {
        do throws(TLSError) {
            return try PEMFile.read(file).split(separator: UInt8(ascii: "\n")).contains { line in
                let record = line.prefix { $0 != UInt8(ascii: ";") }
                return record.split { $0 <= UInt8(ascii: " ") }
                    .contains { ["DS", "DNSKEY"].contains(String(decoding: $0, as: UTF8.self)) }
            }
        } catch {
            throw .settings("\(error)")
        }
    }
}
