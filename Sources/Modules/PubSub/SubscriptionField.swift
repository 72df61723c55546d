import XMPP

extension SubscriptionOptions {
    static let formType = Namespace.pubsub + "#subscribe_options"

    /// The fields of the subscriber's form (XEP-0060 §16.4.2); those of Lapwing's own in Clark
    /// notation, as XEP-0068 §3 wants.
    static let table = FormTable<Self>(formType, standard + own)

    private static let standard: [FormField<Self>] = [
        .flag("pubsub#deliver", \.delivers, "Whether notifications are wanted"),
        .flag("pubsub#digest", \.isDigest, "Whether notifications are gathered and sent together"),
        .count(
            "pubsub#digest_frequency",
            \.digestMilliseconds,
            PubSubLimits.digestMilliseconds,
            "The least number of milliseconds between two digests"
        ),
        expiry,
        .flag("pubsub#include_body", \.includesBody, "Whether to add a text for people"),
        shows,
        .choice("pubsub#subscription_type", \.type, "Whether to be told of items or nodes"),
        depth,
    ]

    private static let own: [FormField<Self>] = [
        .text(name("filter"), \.filter, "An expression that an item must meet"),
        .count(
            name("min-interval"),
            \.minimumIntervalMilliseconds,
            0...PubSubLimits.intervalMillisecondsMaximum,
            "The least number of milliseconds between two notifications of an item"
        ),
        .text(name("deadband"), \.deadband, "Moves that are too small to be told"),
        .text(name("project"), \.projection, "The names of the values that are wanted"),
        change,
        .text(name("quiet"), \.quiet, "Times at which only what is critical is told"),
    ]

    private static func name(_ local: String) -> String { "{\(Namespace.lapwing)}\(local)" }

    // MARK: Fields of their own kind

    /// XEP-0060 §12.5, §12.19: a time, or the word `presence`.
    private static let expiry = FormField<Self>(
        name: "pubsub#expire",
        type: .textSingle,
        label: "When the subscription ends: a time, or “presence”",
        options: [],
        read: { options in
            switch options.expiry {
            case .never: []
            case .at(let end): [end.dateTime]
            case .presence: ["presence"]
            }
        },
        write: { options, values in
            switch values {
            case [], [""]: options.expiry = .never
            case ["presence"]: options.expiry = .presence
            default:
                guard values.count == 1, let end = Instant(dateTime: values[0]) else {
                    return false
                }
                options.expiry = .at(end)
            }
            return true
        }
    )

    /// XEP-0248 §3: any number of levels, or all.
    private static let depth = FormField<Self>(
        name: "pubsub#subscription_depth",
        type: .textSingle,
        label: "How many levels below a collection, or “all”",
        options: [],
        read: { options in
            switch options.depth {
            case .levels(let count): [String(count)]
            case .all: ["all"]
            }
        },
        write: { options, values in
            if values == ["all"] {
                options.depth = .all
                return true
            }
            guard values.count == 1, let count = Int(values[0]), count >= 0 else { return false }
            options.depth = .levels(count)
            return true
        }
    )

    private static let shows = FormField<Self>(
        name: "pubsub#show-values",
        type: .listMulti,
        label: "Presence in which notifications are wanted",
        options: Show.allCases.map(\.rawValue),
        read: { $0.shows.map(\.rawValue).sorted() },
        write: { options, values in
            let shows = Set(values.compactMap(Show.init(rawValue:)))
            guard shows.count == Set(values).count else { return false }
            options.shows = shows
            return true
        }
    )

    private static let change = FormField<Self>(
        name: name("on-change"),
        type: .listSingle,
        label: "To be told only when an item begins or ceases to match",
        options: Change.allCases.filter { $0 != .none }.map(\.rawValue),
        read: { $0.change == .none ? [] : [$0.change.rawValue] },
        write: { options, values in
            guard values.count <= 1, let change = Change(rawValue: values.first ?? "") else {
                return false
            }
            options.change = change
            return true
        }
    )
}
