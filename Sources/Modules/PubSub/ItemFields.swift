import Filter
import Telemetry
import XMPP

/// What a filter can ask of one event: the payload is read when a filter first needs it, and once
/// for all of them.
final class ItemFields: FieldReader {
    let node: String
    let id: String?
    /// Whose item it is.
    let hostName: String?
    private let payload: [UInt8]?
    let group: String?

    /// `publisher` is whose item it is where the node does not name that in its events.
    init(_ event: PubSubEvent, owner: JID, publisher: JID?) {
        node = event.node
        group = Self.group(of: event.node)
        if case .item(let item?) = event.kind {
            id = item.id
            hostName = (publisher ?? item.publisher ?? owner).local
            payload = item.payload
        } else {
            id = nil
            hostName = owner.local
            payload = nil
        }
    }

    /// `cpu` of `urn:lapwing:1#cpu` and of `host/web1/cpu`; nil for a node of another form.
    static func group(of node: String) -> String? {
        if node.hasPrefix(prefix) { return String(node.dropFirst(prefix.count)) }
        let levels = node.split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count == 3, levels[0] == "host" else { return nil }
        return String(levels[2])
    }

    private static let prefix = Namespace.lapwing + "#"

    /// The payload as a tree; nil where there is none or it can't be read.
    private(set) lazy var root: Element? = payload.flatMap { try? Element(parsing: $0) }

    /// The numbers of a sample: those in its root, and those of each instance.
    private lazy var numbers: Numbers? = root.flatMap(Numbers.init)

    /// How bad the item says that it is.
    var level: Value? { root?["level"].flatMap { Value.level(named: $0) } }

    func value(of field: Field) -> Value? {
        switch field {
        case .host: hostName.map { .text($0) }
        case .node: .text(node)
        case .group: group.map { .text($0) }
        case .level: level
        case .item: id.map { .text($0) }
        case .metric(let group, let name, let instance):
            group == self.group ? numbers?[name, instance] : nil
        case .attribute(let name): root?[name].map { .text($0) }
        case .child(let path): child(path).map { .text($0.text) }
        }
    }

    func values(of field: Field) -> [Value] {
        guard case .metric(let group, let name, .any) = field, group == self.group else {
            return []
        }
        return numbers?.instances.values.compactMap { $0[name] } ?? []
    }

    private func child(_ path: [String]) -> Element? {
        var element = root
        for name in path { element = element?.elements.first { $0.name == name } }
        return path.isEmpty ? nil : element
    }

    /// The numbers that a field stands for, each with the field that stands for it alone.
    func numbers(of field: Field) -> [Field: Double] {
        guard case .metric(let group, let name, .any) = field else {
            return value(of: field)?.number.map { [field: $0] } ?? [:]
        }
        guard group == self.group else { return [:] }
        var result: [Field: Double] = [:]
        for (instance, values) in numbers?.instances ?? [:] {
            guard let number = values[name]?.number else { continue }
            result[.metric(group: group, name: name, instance: .one(instance))] = number
        }
        return result
    }
}

extension ItemFields {
    /// The numbers of a `<sample/>` by name and instance; those marked unknown are left out.
    private struct Numbers {
        var root: [String: Value] = [:]
        var instances: [String: [String: Value]] = [:]

        init?(_ sample: Element) {
            guard sample.matches("sample", Namespace.lapwing) else { return nil }
            root = Self.values(of: sample)
            for case .element(let child) in sample.children
            where child.matches("i", Namespace.lapwing) {
                if let name = child["n"] { instances[name] = Self.values(of: child) }
            }
        }

        subscript(name: String, instance: Field.Instance) -> Value? {
            switch instance {
            case .none: root[name]
            case .one(let key): instances[key]?[name]
            case .any: nil
            }
        }

        private static func values(of element: Element) -> [String: Value] {
            var values: [String: Value] = [:]
            for case .element(let child) in element.children
            where child.matches("v", Namespace.lapwing) {
                guard let name = child["n"], child["unknown"] == nil else { continue }
                values[name] = .text(child.text)
            }
            return values
        }
    }
}

extension Value {
    /// The value as a number that can be held against another.
    fileprivate var number: Double? {
        let number: Double? =
            switch self {
            case .number(let number): number
            case .text(let text): Number.parse(text)
            case .level: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }
}

// MARK: - Leaving out

extension ItemFields {
    /// The payload with the wanted numbers only; nil where nothing has to be left out, as in what
    /// is no sample.
    func payload(keeping projection: Projection) -> [UInt8]? {
        guard var sample = root, sample.matches("sample", Namespace.lapwing) else { return nil }
        let group = group
        var hasLeftOut = false
        func keep(in element: inout Element) {
            let count = element.children.count
            element.children.removeAll { child in
                guard case .element(let value) = child, value.matches("v", Namespace.lapwing)
                else { return false }
                return !projection.keeps(value["n"] ?? "", group: group)
            }
            if element.children.count < count { hasLeftOut = true }
        }
        keep(in: &sample)
        for (index, child) in sample.children.enumerated() {
            guard case .element(var instance) = child, instance.matches("i", Namespace.lapwing)
            else { continue }
            keep(in: &instance)
            sample.children[index] = .element(instance)
        }
        guard hasLeftOut else { return nil }
        sample.children.removeAll { child in
            guard case .element(let instance) = child, instance.matches("i", Namespace.lapwing)
            else { return false }
            return instance.child("v") == nil
        }
        return sample.serialized()
    }
}
