import Filter
import XMPP

/// Messages that are being put together: all who get the same bytes share one.
struct Mailing<Key: Hashable> {
    struct Letter {
        let event: PubSubEvent
        var recipients: [Recipient]
    }

    private(set) var letters: [Letter] = []
    private var places: [Key: Int] = [:]

    /// Adds a recipient to the letter of that key, which is written where there is none.
    mutating func add(_ recipient: Recipient, _ key: Key, _ event: @autoclosure () -> PubSubEvent) {
        if let place = places[key] {
            letters[place].recipients.append(recipient)
        } else {
            places[key] = letters.count
            letters.append(Letter(event: event(), recipients: [recipient]))
        }
    }
}

/// An event in the forms in which subscriptions want it, each made once.
struct Renderings {
    /// Which form: a payload by its number, 0 for the whole one, and whether a text goes with it.
    struct Form: Hashable {
        var payload: Int
        var hasText: Bool
    }

    private let event: PubSubEvent
    private let fields: ItemFields
    private var payloads: [[UInt8]] = []
    private var numbers: [Projection: Int] = [:]
    private var events: [Form: PubSubEvent] = [:]

    init(_ event: PubSubEvent, _ fields: ItemFields) {
        self.event = event
        self.fields = fields
    }

    /// The payload that the selector wants; those that come out the same have one number.
    mutating func payload(for selector: Selector?) -> Int {
        guard let projection = selector?.projection, case .item(.some) = event.kind else {
            return 0
        }
        if let number = numbers[projection] { return number }
        var number = 0
        if let bytes = fields.payload(keeping: projection) {
            if let known = payloads.firstIndex(of: bytes) {
                number = known + 1
            } else {
                payloads.append(bytes)
                number = payloads.count
            }
        }
        numbers[projection] = number
        return number
    }

    mutating func event(in form: Form) -> PubSubEvent {
        guard form != Form(payload: 0, hasText: false) else { return event }
        if let known = events[form] { return known }
        var changed = event
        if form.payload > 0, case .item(let item?) = event.kind {
            let payload = payloads[form.payload - 1]
            changed = event.holding(
                .item(.init(id: item.id, publisher: item.publisher, payload: payload))
            )
        }
        if form.hasText { changed.text = fields.text }
        events[form] = changed
        return changed
    }
}
