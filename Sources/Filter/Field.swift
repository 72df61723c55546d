/// What a filter can ask an item for.
package enum Field: Sendable {
    /// The localpart of who published it.
    case host
    /// The node's name in full.
    case node
    /// The node's name after `urn:lapwing:1#`.
    case group
    /// How bad the item says that it is.
    case level
    /// The item's id.
    case item
    /// A number of the payload of a group's node: `cpu.user`, `disk.used[/var]`, `disk.used[*]`.
    /// A name that is no word stands in quotes: `check."5xx/s"`.
    case metric(group: String, name: String, instance: Instance)
    /// An attribute of the payload's root: `@name`.
    case attribute(String)
    /// The text of a child of the payload's root, or of a child of that: `/entry`,
    /// `/entry/title`. One or two names.
    case child([String])

    /// Which `<i n=''>` of a payload a number is in.
    package enum Instance: Sendable {
        /// None: the number stands in the payload's root.
        case none
        case one(String)
        /// Every instance: a comparison is true when it is true of one of them.
        case any
    }

    /// Whether the field stands for several values, `[*]`: ``FieldReader/values(of:)`` reads it.
    package var isAny: Bool {
        if case .metric(_, _, .any) = self { return true }
        return false
    }
}

extension Field: CustomStringConvertible {
    /// As an expression writes it; no two fields have the same text.
    package var description: String {
        switch self {
        case .host: "host"
        case .node: "node"
        case .group: "group"
        case .level: "level"
        case .item: "item"
        case .metric(let group, let name, let instance):
            "\(group).\(Lexer.isBareName(name) ? name : Lexer.quoted(name))\(instance)"
        case .attribute(let name): "@" + name
        case .child(let path): path.map { "/" + $0 }.joined()
        }
    }
}

extension Field.Instance: CustomStringConvertible {
    package var description: String {
        switch self {
        case .none: ""
        case .any: "[*]"
        case .one(let name): Lexer.isBareInstance(name) ? "[\(name)]" : "[\(Lexer.quoted(name))]"
        }
    }
}

extension Field: Hashable {
    // By bytes: names that differ in Unicode normalisation alone are different names in XML.
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.host, .host), (.node, .node), (.group, .group), (.level, .level), (.item, .item):
            true
        case (
            .metric(let group, let name, let instance), .metric(let other, let otherName, let one)
        ):
            name.isExactly(otherName) && group.isExactly(other) && instance == one
        case (.attribute(let name), .attribute(let other)): name.isExactly(other)
        case (.child(let path), .child(let other)):
            path.count == other.count && zip(path, other).allSatisfy { $0.isExactly($1) }
        case (.host, _), (.node, _), (.group, _), (.level, _), (.item, _), (.metric, _),
            (.attribute, _), (.child, _):
            false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .host: hasher.combine(0)
        case .node: hasher.combine(1)
        case .group: hasher.combine(2)
        case .level: hasher.combine(3)
        case .item: hasher.combine(4)
        case .metric(let group, let name, let instance):
            hasher.combine(group)
            hasher.combine(name)
            hasher.combine(instance)
        case .attribute(let name): hasher.combine(name)
        case .child(let path): hasher.combine(path)
        }
    }
}

extension Field.Instance: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.none, .none), (.any, .any): true
        case (.one(let name), .one(let other)): name.isExactly(other)
        case (.none, _), (.any, _), (.one, _): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .none: hasher.combine(0)
        case .any: hasher.combine(1)
        case .one(let name): hasher.combine(name)
        }
    }
}

extension String {
    /// Whether both are the same bytes; `==` also holds for canonically equivalent texts.
    func isExactly(_ other: String) -> Bool {
        self == other && utf8.elementsEqual(other.utf8)
    }
}
