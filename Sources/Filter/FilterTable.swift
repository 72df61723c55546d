/// Expressions by number, and where an item finds them.
struct FilterTable: Sendable {
    private var filters: [Filter] = []
    private var free: [Int] = []
    private var groups: [FilterGroup] = []
    private var groupNumbers: [FilterGroup.Signature: Int] = [:]
    /// Filters with nothing to find them by.
    private var scanned: [Int] = []
    private var slots = Slots()

    /// What finding a filter does not decide.
    private struct Filter: Sendable {
        var rest: Condition<SlotTest>?
        /// How many comparisons that has.
        var weight: Int
        /// The place in `scanned`, for those that stand there.
        var scanPlace: Int?
    }

    /// Steps of a pattern, or values of a field, that take about as long as one comparison.
    private static let stepsPerTerm = 32

    /// The numbers of those that match the item.
    func matches(_ reader: some FieldReader, _ budget: inout Int) -> [Int] {
        var readings = Readings(reader, slots)
        var found: [Int] = []
        for group in groups {
            guard budget > 0 else { return found }
            budget -= 1
            for bound in group.found(&readings) where holds(bound.filter, &readings, &budget) {
                found.append(bound.filter)
            }
        }
        for number in scanned {
            guard budget > 0 else { return found }
            if holds(number, &readings, &budget) { found.append(number) }
        }
        return found
    }

    /// Whether what finding the filter did not decide is true.
    private func holds(_ number: Int, _ readings: inout Readings, _ budget: inout Int) -> Bool {
        guard let rest = filters[number].rest else { return true }
        guard budget > 0 else { return false }
        var work = 0
        let truth = rest.truth { readings.truth($0, work: &work) }
        budget -= filters[number].weight + work / Self.stepsPerTerm
        return truth == .yes
    }

    /// Gives the expression a number: one that is free, else the next.
    mutating func insert(_ expression: Expression) -> Int {
        for field in expression.fields { slots.retain(field) }
        let plan = AccessPlan(expression)
        let rest = plan.rest?.map { term in
            SlotTest(slot: slots.slot(of: term.field), predicate: term.predicate)
        }
        let filter = Filter(
            rest: rest,
            weight: plan.rest?.tests.reduce(0) { $0 + $1.predicate.weight } ?? 0,
            scanPlace: plan.isScan ? scanned.count : nil
        )
        let number = free.popLast() ?? filters.count
        if number == filters.count { filters.append(filter) } else { filters[number] = filter }
        if plan.isScan { scanned.append(number) } else { place(number, plan) }
        return number
    }

    /// Takes out the expression that was given this number.
    mutating func remove(_ number: Int, _ expression: Expression) {
        if let place = filters[number].scanPlace, let last = scanned.popLast() {
            if last != number {
                scanned[place] = last
                filters[last].scanPlace = place
            }
        } else {
            displace(number, AccessPlan(expression))
        }
        filters[number] = Filter(rest: nil, weight: 0, scanPlace: nil)
        free.append(number)
        for field in expression.fields { slots.release(field) }
    }

    // MARK: - Where filters stand

    private mutating func place(_ number: Int, _ plan: AccessPlan) {
        let (signature, keys) = address(plan)
        let group = groupNumbers[signature] ?? groups.count
        if group == groups.count {
            groups.append(FilterGroup(signature))
            groupNumbers[signature] = group
        }
        for key in keys { groups[group].insert(bound(number, plan), at: key) }
    }

    private mutating func displace(_ number: Int, _ plan: AccessPlan) {
        let (signature, keys) = address(plan)
        guard let group = groupNumbers[signature] else { return }
        for key in keys { groups[group].remove(bound(number, plan), at: key) }
        guard groups[group].isEmpty, let last = groups.popLast() else { return }
        groupNumbers[signature] = nil
        if group < groups.count {
            groups[group] = last
            groupNumbers[last.signature] = group
        }
    }

    private func bound(_ number: Int, _ plan: AccessPlan) -> FilterGroup.Bound {
        FilterGroup.Bound(
            value: plan.threshold?.value ?? 0,
            isStrict: plan.threshold?.isStrict ?? false,
            filter: number
        )
    }

    /// The group of a plan, and under which values it stands there: each choice from its lists.
    private func address(_ plan: AccessPlan) -> (FilterGroup.Signature, [[EqualityKey]]) {
        let equalities = plan.equalities
            .map { (slot: slots.slot(of: $0.field), keys: $0.keys) }
            .sorted { $0.slot < $1.slot }
        var choices: [[EqualityKey]] = [[]]
        for equality in equalities {
            choices = choices.flatMap { choice in equality.keys.map { choice + [$0] } }
        }
        let signature = FilterGroup.Signature(
            equalities: equalities.map(\.slot),
            threshold: plan.threshold.map { slots.slot(of: $0.field) },
            isFalling: plan.threshold?.isFalling ?? false
        )
        return (signature, choices)
    }
}
