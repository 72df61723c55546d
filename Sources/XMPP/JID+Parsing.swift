extension JID {
    /// Reads an address as text: `local@domain/resource`, the first two optional parts apart.
    package init(_ text: String) throws(JIDError) {
        let slash = text.firstIndex(of: "/")
        let head = slash.map { text[..<$0] } ?? text[...]
        let resource = slash.map { String(text[text.index(after: $0)...]) }
        if let at = head.firstIndex(of: "@") {
            try self.init(
                local: String(head[..<at]),
                domain: String(head[head.index(after: at)...]),
                resource: resource
            )
        } else {
            try self.init(local: nil, domain: String(head), resource: resource)
        }
    }

    /// Normalises and checks each part.
    package init(local: String?, domain: String, resource: String? = nil) throws(JIDError) {
        if let local, local.isEmpty { throw .empty(.local) }
        if domain.isEmpty { throw .empty(.domain) }
        if let resource, resource.isEmpty { throw .empty(.resource) }
        self.init(
            normalizedLocal: local?.lowercased(),
            domain: domain.lowercased(),
            resource: resource
        )
    }
}
