/// What an entity is to a node (XEP-0060 §4.1), of a bare address.
package enum Affiliation: String, Sendable, CaseIterable {
    case owner
    case publisher
    case publishOnly = "publish-only"
    case member
    case none
    case outcast

    /// What one may do with a node.
    package struct Permissions: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        package static let subscribe = Self(rawValue: 1 << 0)
        package static let retrieve = Self(rawValue: 1 << 1)
        package static let publish = Self(rawValue: 1 << 2)
        /// Items of one's own.
        package static let retractOwn = Self(rawValue: 1 << 3)
        package static let retractAny = Self(rawValue: 1 << 4)
        package static let purge = Self(rawValue: 1 << 5)
        /// Configuration, affiliations, subscriptions of others, deletion.
        package static let manage = Self(rawValue: 1 << 6)
    }

    /// The table of XEP-0060 §4.1.
    ///
    /// For `none` and `member` the access and publish models decide further.
    package var permissions: Permissions {
        switch self {
        case .owner: [.subscribe, .retrieve, .publish, .retractOwn, .retractAny, .purge, .manage]
        case .publisher: [.subscribe, .retrieve, .publish, .retractOwn]
        case .publishOnly: [.publish, .retractOwn]
        case .member, .none: [.subscribe, .retrieve]
        case .outcast: []
        }
    }

    /// Whether an owner may make one who is this into that: the state chart of XEP-0060 §4.1, in
    /// which one who only publishes is as a publisher.
    package func mayBecome(_ next: Self) -> Bool {
        switch (self, next) {
        case (.owner, .owner), (.owner, .none): true
        case (.owner, _): false
        case (.publisher, .member), (.publisher, .publishOnly), (.publishOnly, .member): false
        case (.publisher, _), (.publishOnly, _), (.member, _), (.none, _), (.outcast, _): true
        }
    }
}
