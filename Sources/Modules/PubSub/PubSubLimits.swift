import XMPP

/// How much an owner's nodes may take.
///
/// What an operator sets is in the value; what bounds a single field is fixed.
package struct PubSubLimits: Sendable, Hashable {
    /// Nodes of one owner: each costs memory for as long as it exists.
    package var nodes = 1_000
    /// Nodes of a service that one entity has made: what it can take from the others.
    package var nodesOfOne = 1_000
    /// Subscriptions to one node.
    package var subscriptions = 10_000
    /// Subscriptions that one entity makes, from all its addresses, to all nodes of an owner: each
    /// is looked at when the entity comes or goes.
    package var subscriptionsOfOne = 1_000
    /// Subscriptions that an owner may make for one other entity (XEP-0060 §8.8.2), beside those of
    /// the entity's own and of other owners: many nodes are better subscribed to as a collection.
    package var subscriptionsMadeForOne = 100
    /// Messages other than events that one entity may make the service send to others at once; no
    /// less than a node has owners, for all are asked about a request to subscribe.
    package var notices = 1_000
    /// Items that `max` means.
    package var items = 10_000

    package init() {}

    /// How many items a node of that configuration keeps.
    func items(of configuration: NodeConfiguration) -> Int {
        switch configuration.itemsMaximum {
        case .count(let count): min(count, items)
        case .max: items
        }
    }

    /// Items of one node, whatever its configuration says.
    package static let itemsMaximum = 10_000_000
    /// Bytes of payloads that a node may be bounded to: a tebibyte, more than any disk is for.
    package static let nodeBytesMaximum = 1 << 40
    /// Seconds after which items may be set to go: ten years, and no arithmetic overflows.
    package static let itemSecondsMaximum = 315_576_000
    /// Nodes in one collection: as many as a form can name.
    package static let childrenMaximum = DataForm.valuesMaximum
    /// Nodes of one owner that are gone and of which it is remembered where they have moved; past
    /// it the oldest is forgotten of whoever has moved most.
    package static let movedMaximum = 1_000
    /// Bytes of one payload.
    package static let payloadBytesMaximum = 64 * 1024
    /// Bytes of a payload that stays in memory; a larger one is read when it is asked for.
    package static let payloadInMemoryMaximum = 8 * 1024
    /// Bytes of payloads behind the newest that a node whose items are written behind keeps: they
    /// may not be on the disk yet when they are asked for.
    package static let payloadsInMemoryMaximum = 64 * 1024
    /// Bytes of a node's name and of an item's id.
    package static let nameBytesMaximum = 512
    /// Bytes of a text in a node's configuration.
    package static let configurationTextBytesMaximum = 4_096
    /// Values of a list in a node's configuration.
    package static let configurationValuesMaximum = 100
    /// Owners, and publishers, that a node's meta-data names: whom to ask, not a list of all.
    package static let metaDataAddressesMaximum = 100
    /// Items that one request may name.
    package static let idsPerRequestMaximum = 1_000
    /// Nodes, subscriptions or affiliations in one answer: what is left comes with the next page.
    package static let listedEntriesMaximum = ResultSetRequest.pageMaximum
    /// Items of one node that a session gets that was away (XEP-0312 §2, rule 5): the newest; more
    /// can be asked for.
    package static let missedItemsMaximum = 100
    /// Bytes of the items of one answer: as many as a stanza of a client's may have.
    ///
    /// What is left comes with the next page.
    package static let answerBytesMaximum = 256 * 1024
    /// Bytes that an item takes in an answer beside its payload and its id.
    package static let itemMarkupBytes = 64
    /// Items that one request may have looked through, where no index leads to those that it wants:
    /// some ten milliseconds.
    package static let walkedItemsMaximum = 100_000
    /// Entities that may ask an owner for notifications at once.
    package static let interestedMaximum = 100_000
    /// Names with wildcards that one entity may be subscribed to: each is looked at when the
    /// events of a node are planned.
    package static let patternsPerSubscriberMaximum = 100
    /// Subscriptions of one entity whose first items are being sent at once.
    package static let burstsPerSubscriberMaximum = 4
    /// Items that one subscription begins with.
    package static let burstItemsMaximum = 100_000
    /// Affiliations of one node.
    package static let affiliationsMaximum = 10_000
    /// Owners of one node: each is asked about every request to subscribe, and told of every
    /// subscription.
    package static let ownersMaximum = 100
    /// Milliseconds after which an entity may make the service send one more message to another.
    package static let noticeMilliseconds: Int64 = 1_000
    /// Comparisons that the filters of one node or pattern may take for one item, those included
    /// that are found by a value and have more to decide: some milliseconds of work.
    package static let comparisonsPerEvent = 100_000
    /// Comparisons of filters with nothing to look up, which are decided at every item: of all
    /// subscriptions to one node or pattern.
    package static let scannedTermsMaximum = 20_000
    /// The same of one entity's: a hundred such filters of usual length.
    package static let scannedTermsOfOneMaximum = 500
    /// Items of which it is known, for one subscription, what was sent of them.
    package static let itemsKnownMaximum = 1_000
    /// The same of all subscriptions to an owner's nodes: each takes some hundred bytes.
    package static let itemsKnownToAllMaximum = 1_000_000
    /// Bytes of payloads that wait until they may be sent to one subscription; past it they are
    /// sent at once.
    package static let heldBytesMaximum = 512 * 1024
    /// The same of all subscriptions of one entity.
    package static let heldBytesOfOneMaximum = 4 * 1024 * 1024
    /// Numbers of one item whose moves are measured: every instance counts.
    package static let bandsMaximum = 500
    /// Subscriptions of one entity to one node: a notification names them all.
    package static let subscriptionsOfOneToNodeMaximum = 50
    /// The longest lease: a time beyond it is cut back to it (XEP-0060 §12.19).
    package static let leaseMaximum = Duration.seconds(366 * 86_400)
    /// How long before its end a subscriber is told that a lease is almost over.
    package static let leaseWarning = Duration.seconds(86_400)
    /// Milliseconds between two digests: a second at least, for else it gathers nothing; a week at
    /// most, for what is gathered is held in memory.
    package static let digestMilliseconds = 1_000...604_800_000
    /// Milliseconds for which newer notifications of an item may be held back: a day.
    package static let intervalMillisecondsMaximum = 86_400_000
    /// Notifications in a row that may come back from an entity with a passing error before its
    /// subscription ends (XEP-0060 §12.4).
    package static let bouncesMaximum = 1_000
}
