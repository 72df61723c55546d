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
