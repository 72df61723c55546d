/// The filters of the subscriptions to a node, arranged so that an item finds those that match
/// without asking each.
///
/// A conjunction that has an equality (`=`, or `in` with few values) or a threshold on a number
/// or level is found by them: all equalities and the first threshold. What else it says is decided
/// for those that are found. An expression without either is evaluated at every item. Keys whose
/// expressions are equal share all of it. What has to be decided one by one is paid from a budget:
/// the parts of those found, the expressions without a place, and one for each set of fields.
package struct FilterIndex<Key: Hashable & Sendable>: Sendable {
    private var table = FilterTable()
    private var numbers: [Expression: Int] = [:]
    /// Who has a filter, by its number.
    private var keys: [[Key]] = []
    private var places: [Key: Place] = [:]

    /// A key's expression, the number of that filter, and the place among its keys.
    private struct Place: Sendable {
        var expression: Expression
        var filter: Int
        var index: Int
    }

    package init() {}

    package var isEmpty: Bool { places.isEmpty }
    package var count: Int { places.count }

    /// The expression of a key.
    package subscript(_ key: Key) -> Expression? { places[key]?.expression }

    /// Gives the key this expression, in place of the one that it had.
    package mutating func insert(_ expression: Expression, for key: Key) {
        remove(key)
        let filter: Int
        if let number = numbers[expression] {
            filter = number
        } else {
            filter = table.insert(expression)
            numbers[expression] = filter
            if filter == keys.count { keys.append([]) }
        }
        places[key] = Place(expression: expression, filter: filter, index: keys[filter].count)
        keys[filter].append(key)
    }

    package mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        // The last key takes the place of the one that goes: removing does not move all of them.
        guard let moved = keys[place.filter].popLast() else { return }
        if place.index < keys[place.filter].count {
            keys[place.filter][place.index] = moved
            places[moved]?.index = place.index
        }
        guard keys[place.filter].isEmpty else { return }
        numbers[place.expression] = nil
        table.remove(place.filter, place.expression)
    }

    /// The keys whose expressions match the item, in no particular order.
    ///
    /// The budget is how many comparisons may be decided one by one; what they take is taken off.
    /// At 0 or less the rest has not been asked and counts as not matching.
    package func matches(_ reader: some FieldReader, budget: inout Int) -> [Key] {
        table.matches(reader, &budget).flatMap { keys[$0] }
    }
}
