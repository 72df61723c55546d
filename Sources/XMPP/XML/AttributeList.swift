import CExpat

/// The attributes of one start tag as expat hands them over: valid only until its call returns.
struct AttributeList {
    private let pointer: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    private let names: NameCache
    let count: Int

    init(_ pointer: UnsafeMutablePointer<UnsafePointer<CChar>?>?, names: NameCache) {
        self.pointer = pointer
        self.names = names
        // Names and values take turns; a null ends the list.
        var count = 0
        if let pointer {
            while pointer[2 * count] != nil, pointer[2 * count + 1] != nil { count += 1 }
        }
        self.count = count
    }

    var all: [Element.Attribute] {
        guard count > 0 else { return [] }
        var result: [Element.Attribute] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            guard let name = pointer?[2 * index], let value = pointer?[2 * index + 1] else { break }
            let known = names.name(name)
            result.append(
                Element.Attribute(
                    known.local,
                    String(cString: value),
                    namespace: known.namespace
                )
            )
        }
        return result
    }

    /// The namespaces of those that are in one, each once; that of `xml:lang` left out.
    var namespaces: [String] {
        var namespaces: [String] = []
        for index in 0..<count {
            guard let name = pointer?[2 * index] else { break }
            let length = lapwing_length(name)
            guard lapwing_find(name, length, NameCache.separator) < length else { continue }
            let namespace = names.name(name).namespace
            guard namespace != Namespace.xml, !namespaces.contains(namespace) else { continue }
            namespaces.append(namespace)
        }
        return namespaces
    }

    /// Each name as expat reports it, and its value.
    func forEach(_ body: (_ name: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>) -> Void) {
        for index in 0..<count {
            guard let name = pointer?[2 * index], let value = pointer?[2 * index + 1] else { break }
            body(name, value)
        }
    }

    /// The value as a text that may come again.
    func text(_ value: UnsafePointer<CChar>) -> String { names.text(value) }

    /// The domain within an address, as it came.
    func domain(in value: UnsafePointer<CChar>) -> String {
        let address = UnsafeRawBufferPointer(start: value, count: lapwing_length(value))
        let head = address.prefix { $0 != UInt8(ascii: "/") }
        let behind = head.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? head.startIndex
        return names.text(UnsafeRawBufferPointer(rebasing: head[behind...]))
    }

    /// The value of `xml:lang`.
    var language: String? {
        for index in 0..<count {
            guard let name = pointer?[2 * index], let value = pointer?[2 * index + 1] else { break }
            let known = names.name(name)
            if known.local == "lang", known.namespace == Namespace.xml {
                return String(cString: value)
            }
        }
        return nil
    }
}
