import XMPP

extension SubscriptionOptions {
    static let formType = Namespace.pubsub + "#subscribe_options"

    /// The fields of the subscriber's form (XEP-0060 §16.4.2); those of Lapwing's own in Clark
    /// notation, as XEP-0068 §3 wants.
    static let table = FormTable<Self>(
        formType,
        [
            .flag("pubsub#deliver", \.delivers, "Whether notifications are wanted"),
            .choice("pubsub#subscription_type", \.type, "Whether to be told of items or nodes"),
            .choice("pubsub#subscription_depth", \.depth, "How far below a collection"),
        ]
    )
}
