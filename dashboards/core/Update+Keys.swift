import Telemetry

/// What the keys do: those that users of btop, htop and k9s have in their fingers.
extension Model {
    mutating func press(_ key: Key) -> [Command] {
        switch key {
        case .control("c"), .function(10): return [.quit]
        case .control("z"): return [.suspend]
        case .control("l"): return [.repaint]
        default: break
        }
        switch overlay {
        case .filter(let previous): pressInFilter(key, previous: previous)
        case .help(let first): pressInHelp(key, first: first)
        case .sort(let column): pressInSortMenu(key, column)
        case nil: return pressInPane(key)
        }
        return []
    }

    private mutating func pressInPane(_ key: Key) -> [Command] {
        if key == .character("q") { return [.quit] }
        if move(by: key) { return [] }
        if choosePane(by: key) { return [] }
        switch key {
        case .character("?"), .function(1): overlay = .help(first: 0)
        case .character("h"), .left: goLeft(key)
        case .character("l"), .right: goRight(key)
        case .enter: chosenHost.map { if !isHostPage { show(.host($0)) } }
        case .escape, .backspace: goBack()
        case .character("/"), .function(3), .function(4): overlay = .filter(previous: filter)
        case .character("n"): seekTrouble(by: 1)
        case .character("N"): seekTrouble(by: -1)
        case .character(" "), .character("f"): toggleFreeze()
        case .character("+"), .character("="): zoom.zoom(by: -1)
        case .character("-"): zoom.zoom(by: 1)
        case .character("t"): zoom.chooseNextSpan()
        case .character("["): zoom.move(by: 1)
        case .character("]"): zoom.move(by: -1)
        case .character("s"), .function(6): overlay = .sort(sort)
        case .character("r"): isReversed.toggle()
        case .character("P"): sort(by: .processor)
        case .character("M"): sort(by: .memory)
        case .character("T"): sort(by: .age)
        case .character("I"): sort(by: .disk)
        default: break
        }
        return []
    }

    /// Moves by the keys that every list has; false when the key is none of them.
    private mutating func move(by key: Key) -> Bool {
        let page = max(listHeight - 1, 1)
        // Far more than any list has, and far from overflow.
        let far = 1_000_000
        switch key {
        case .up, .character("k"): move(by: -1)
        case .down, .character("j"): move(by: 1)
        case .pageUp, .control("b"): move(by: -page)
        case .pageDown, .control("f"): move(by: page)
        case .control("u"): move(by: -max(page / 2, 1))
        case .control("d"): move(by: max(page / 2, 1))
        case .home, .character("g"): move(by: -far)
        case .end, .character("G"): move(by: far)
        default: return false
        }
        return true
    }

    /// Goes to a pane: by number, or to the next with Tab; false when the key is none of these.
    private mutating func choosePane(by key: Key) -> Bool {
        let panes: [Pane] = [.fleet, .alerts, .events]
        switch key {
        case .tab, .backTab:
            let change = key == .tab ? 1 : panes.count - 1
            let index = panes.firstIndex(of: pane) ?? 0
            if isHostPage {
                nextHost(by: key == .tab ? 1 : -1)
            } else {
                show(panes[(index + change) % panes.count])
            }
        case .character("e"): show(.events)
        case .character(let digit) where digit.value >= 0x31 && digit.value <= 0x39:
            let index = Int(digit.value - 0x31)
            if isHostPage {
                hostScroll = HostView(self).firstLine(ofSection: index) ?? hostScroll
            } else if panes.indices.contains(index) {
                show(panes[index])
            }
        default: return false
        }
        return true
    }

    private var isHostPage: Bool {
        if case .host = pane { true } else { false }
    }

    private mutating func goBack() {
        if isHostPage {
            show(.fleet)
        } else if !filter.text.isEmpty {
            filter = TextFilter()
        } else if frozen != nil {
            frozen = nil
        } else {
            show(.fleet)
        }
    }

    /// In a table the arrows choose the column to sort by; `h`, where left has no meaning, helps.
    private mutating func goLeft(_ key: Key) {
        if isHostPage { return show(.fleet) }
        if key == .left, pane == .fleet { return sort(by: neighbour(of: sort, by: -1)) }
        if key == .character("h") { overlay = .help(first: 0) }
    }

    private mutating func goRight(_ key: Key) {
        if isHostPage { return }
        if key == .right, pane == .fleet { return sort(by: neighbour(of: sort, by: 1)) }
        chosenHost.map { show(.host($0)) }
    }

    private func neighbour(of column: Column, by change: Int) -> Column {
        let all = Column.sortable
        let index = (all.firstIndex(of: column) ?? 0) + change
        return all[(index + all.count) % all.count]
    }

    private mutating func sort(by column: Column) {
        if sort != column { isReversed = false }
        sort = column
    }

    private mutating func toggleFreeze() {
        frozen = frozen == nil ? picture : nil
    }

    /// The next host in the order of the table.
    private mutating func nextHost(by change: Int) {
        guard case .host(let jid) = pane else { return }
        let rows = hostRows.map(\.jid)
        guard let index = rows.firstIndex(of: jid), !rows.isEmpty else { return }
        let next = (index + change + rows.count) % rows.count
        fleetCursor.select(next, in: rows)
        pane = .host(rows[next])
    }

    /// The next row that is not well, around the end of the list.
    private mutating func seekTrouble(by change: Int) {
        guard pane == .fleet else { return move(by: change) }
        let rows = hostRows
        guard let start = fleetCursor.index(in: rows.map(\.jid)) else { return }
        let picture = picture
        for distance in 1...rows.count {
            let index = (start + distance * change % rows.count + rows.count) % rows.count
            let host = rows[index]
            let level = host.effectiveLevel(at: picture.now, isOnline: picture.isOnline)
            if level >= .warning || level == .unknown {
                return fleetCursor.select(index, in: rows.map(\.jid))
            }
        }
    }
}

// MARK: - Overlays

extension Model {
    private mutating func pressInHelp(_ key: Key, first: Int) {
        switch key {
        case .down, .character("j"):
            overlay = .help(first: min(first + 1, HelpView.lines.count - 1))
        case .up, .character("k"): overlay = .help(first: max(first - 1, 0))
        case .pageDown, .character(" "):
            overlay = .help(first: min(first + listHeight, HelpView.lines.count - 1))
        case .pageUp: overlay = .help(first: max(first - listHeight, 0))
        default: overlay = nil
        }
    }

    private mutating func pressInFilter(_ key: Key, previous: TextFilter) {
        switch key {
        case .enter: overlay = nil
        case .escape:
            filter = previous
            overlay = nil
        case .backspace, .delete:
            if filter.text.isEmpty { overlay = nil } else { filter.text.removeLast() }
        case .control("u"): filter.text = ""
        case .control("w"):
            let rest = filter.text.reversed().drop { $0 == " " }.drop { $0 != " " }
            filter.text = String(rest.reversed())
        case .character(let scalar) where scalar.value >= 0x20:
            guard filter.text.unicodeScalars.count < TextFilter.maximumLength else { return }
            filter.text.unicodeScalars.append(scalar)
        case .up: move(by: -1)
        case .down: move(by: 1)
        default: break
        }
    }

    private mutating func pressInSortMenu(_ key: Key, _ column: Column) {
        switch key {
        case .up, .character("k"): overlay = .sort(neighbour(of: column, by: -1))
        case .down, .character("j"): overlay = .sort(neighbour(of: column, by: 1))
        case .enter, .character(" "):
            sort(by: column)
            overlay = nil
        case .character("r"): isReversed.toggle()
        case .escape, .character("q"), .character("s"), .left: overlay = nil
        default: break
        }
    }
}
