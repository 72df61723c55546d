import CExpat

/// Names that came by before, by their bytes: equal names share one String's storage.
///
/// A table of fixed size in which a name takes the place of another: a peer that sends ever other
/// names costs time but no memory. Owned by one event loop, like the parsers that use it.
final class NameCache {
    /// Slots for a loop's streams: some ten times the names that monitoring uses.
    static let streamSlots = 1024
    /// Slots for one document.
    static let documentSlots = 32
    /// Bytes of the longest name that is kept; longer ones are made anew each time.
    static let longestKept = 256
    /// Stands between namespace and local name; expat refuses it anywhere in a document.
    static let separator: UInt8 = 0x01

    /// A namespace (empty for none) and a local part.
    struct Name {
        var namespace: String
        var local: String
    }

    private struct Slot {
        var bytes: [UInt8]
        var name: Name
    }

    private var slots: [Slot?]

    init(slots: Int = NameCache.streamSlots) {
        self.slots = Array(repeating: nil, count: max(slots, 1))
    }

    /// The name that expat reports as `namespace`, separator, local part, or as a local part only.
    func name(_ pointer: UnsafePointer<CChar>) -> Name {
        name(UnsafeRawBufferPointer(start: pointer, count: lapwing_length(pointer)))
    }

    /// A text that has no separator, such as a namespace.
    func text(_ pointer: UnsafePointer<CChar>) -> String {
        name(pointer).local
    }

    /// A text that has no separator, by its bytes.
    func text(_ bytes: UnsafeRawBufferPointer) -> String {
        bytes.isEmpty ? "" : name(bytes).local
    }

    private func name(_ bytes: UnsafeRawBufferPointer) -> Name {
        guard let start = bytes.baseAddress, bytes.count <= Self.longestKept else {
            return make(bytes)
        }
        let index = slot(of: bytes)
        if let slot = slots[index], slot.bytes.count == bytes.count,
            slot.bytes.withUnsafeBytes({ kept in
                kept.baseAddress.map { lapwing_equal($0, start, bytes.count) != 0 } ?? true
            })
        {
            return slot.name
        }
        let name = make(bytes)
        slots[index] = Slot(bytes: Array(bytes), name: name)
        return name
    }

    private func make(_ bytes: UnsafeRawBufferPointer) -> Name {
        guard let end = bytes.firstIndex(of: Self.separator) else {
            return Name(namespace: "", local: String(decoding: bytes, as: UTF8.self))
        }
        return Name(
            namespace: name(UnsafeRawBufferPointer(rebasing: bytes[..<end])).local,
            local: String(decoding: bytes[(end + 1)...], as: UTF8.self)
        )
    }

    /// Mixes eight bytes at a time; what collides only displaces.
    private func slot(of bytes: UnsafeRawBufferPointer) -> Int {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var hash = UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while offset + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* factor
            hash ^= hash >> 29
            offset += 8
        }
        var last: UInt64 = 0
        while offset < bytes.count {
            last = last << 8 | UInt64(bytes[offset])
            offset += 1
        }
        hash = (hash ^ last) &* factor
        return Int(truncatingIfNeeded: (hash ^ hash >> 32) % UInt64(slots.count))
    }
}
