import Dashboard
import Telemetry
import Testing
import XMPP

@Suite struct FleetViewTests {
    @Test func showsAHostALine() {
        let model = Fixture.threeHosts()
        let lines = model.screen.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("Lapwing  2 up  1 down  1 warning"))
        #expect(lines[0].hasSuffix("alice@example.org"))
        #expect(
            lines[1].hasPrefix("▼ HOST") || lines[1].hasPrefix("L HOST"),
            "\(lines[1])"
        )
        // Worst first: gone, then the warning, then well.
        #expect(lines[2].hasPrefix("C mail       down"))
        #expect(lines[3].hasPrefix("W db1        up      97%   43%  0.42   81%  1.2M  300K  0.4%"))
        #expect(lines[4].hasPrefix(". web1       up      12%"))
        #expect(lines[4].hasSuffix("now") || lines[4].contains(" now "))
    }

    @Test func leavesColumnsOutOnASmallTerminal() {
        let model = Fixture.threeHosts(40, 10)
        let screen = model.screen
        #expect(screen.text(row: 1).contains("CPU"))
        #expect(screen.text(row: 1).contains("MEM"))
        #expect(!screen.text(row: 1).contains("RX/s"))
        #expect(screen.text(row: 3).hasPrefix("W db1        up      97%   43%"))
        #expect(screen.text(row: 9).hasPrefix("q quit"))
    }

    @Test(arguments: [(1, 1), (2, 2), (5, 3), (20, 4), (40, 10), (300, 100)])
    func drawsInAnySize(_ columns: Int, _ rows: Int) {
        var model = Fixture.threeHosts(columns, rows)
        for keys: [Key] in [
            [], [.character("?")], [.escape, .character("s")], [.escape, .enter],
            [.character("j"), .character("7")], [.escape, .tab], [.tab], [.character("/")],
        ] {
            for key in keys { model.press(key) }
            #expect(model.screen.size == Size(columns: columns, rows: rows))
        }
    }

    @Test func tellsLevelsWithoutColor() {
        let text = Fixture.threeHosts().screen.text
        #expect(text.contains("\nC mail"))
        #expect(text.contains("\nW db1"))
    }

    @Test func writesOnlyASCIIWhereNothingElseCanBeShown() {
        var model = Fixture.model(100, 24, graphs: .ascii, isUnicode: false)
        let web = Fixture.host("web1")
        for seq in 1...30 {
            _ = model.update(.tick(Fixture.after(Double(seq))))
            let sample = Fixture.summary(cpu: Double(seq * 3), seq: seq)
            _ = model.update(Fixture.report(web, .summary, .sample(sample)))
        }
        for _ in 0..<2 {
            #expect(model.screen.text.unicodeScalars.allSatisfy { $0.isASCII })
            model.press(.enter)
        }
    }

    @Test func showsWideNamesInTheirColumns() {
        var model = Fixture.model(80, 10)
        _ = model.update(.presence(Fixture.host("日本語"), .available))
        let row = model.screen.text(row: 2)
        #expect(row.hasPrefix(". 日本語     up") || row.hasPrefix("? 日本語     up"), "\(row)")
    }

    @Test func dimsValuesThatCanNotBeBelieved() {
        var model = Fixture.threeHosts()
        _ = model.update(.tick(Fixture.after(1000)))
        let screen = model.screen
        let column = screen.text(row: 1).distance(to: "CPU")
        #expect(screen[3, column].style.ink == .faint)
    }

    @Test func saysWhyTheTableIsEmpty() {
        var model = Fixture.model()
        #expect(model.screen.text.contains("No host has shown itself yet."))
        _ = model.update(.connection(.offline(reason: "no route", retryAt: nil)))
        #expect(model.screen.text.contains("Not connected"))
        #expect(model.screen.text.contains("OFFLINE: no route"))
    }

    @Test func isTheSameWhileNothingHappens() {
        var model = Fixture.threeHosts()
        let before = model.screen
        _ = model.update(.tick(Fixture.after(5)))
        #expect(model.screen.changes(from: before).isEmpty)
    }
}

extension String {
    /// The column at which a title begins.
    fileprivate func distance(to title: String) -> Int {
        guard let range = firstRange(of: title) else { return -1 }
        return distance(from: startIndex, to: range.lowerBound)
    }
}

@Suite struct HostViewTests {
    private let web = Fixture.host("web1")

    private func model(_ columns: Int = 100, _ rows: Int = 30) -> Model {
        var model = Fixture.model(columns, rows)
        _ = model.update(.presence(web, .available))
        let filesystems = Sample(
            at: Fixture.start,
            seq: 1,
            run: "r1",
            instances: [
                .init(
                    "/",
                    values: [
                        .init("used", 40), .init("size", 100e9), .init("available", 60e9),
                    ]
                ),
                .init(
                    "/var",
                    values: [
                        .init("used", 98.2), .init("size", 10e9), .init("available", 0.2e9),
                    ]
                ),
            ]
        )
        _ = model.update(Fixture.report(web, .filesystem, .sample(filesystems)))
        _ = model.update(
            Fixture.report(web, .alertsCritical, Fixture.alerts(.critical, ["disk-full:/var"]))
        )
        for seq in 1...60 {
            _ = model.update(.tick(Fixture.after(Double(seq))))
            let sample = Fixture.summary(cpu: Double(seq), seq: seq)
            _ = model.update(Fixture.report(web, .summary, .sample(sample)))
        }
        model.press(.enter)
        return model
    }

    @Test func showsGraphsFilesystemsAndAlerts() {
        let text = model().screen.text
        for part in [
            "web1", "cpu 60%", "memory 43%", "net in 1.2M", "disk read", "psi cpu", "filesystems",
            "/var", "98%", "open alerts", "disk-full:/var is bad",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(text.contains("⣿"))
    }

    @Test func putsTheFullestFilesystemFirst() throws {
        let text = model().screen.text
        let fullest = try #require(text.firstRange(of: "/var"))
        let other = try #require(text.firstRange(of: " / "))
        #expect(fullest.lowerBound < other.lowerBound)
    }

    @Test func scrollsToWhatDoesNotFit() {
        var model = model(40, 10)
        #expect(!model.screen.text.contains("open alerts"))
        model.press(.character("G"))
        #expect(model.screen.text.contains("disk-full:/var"))
        model.press(.character("1"))
        #expect(model.screen.text.contains("cpu"))
    }

    @Test func zoomsAndGoesBackInTime() {
        var model = model()
        let before = model.screen
        model.press(.character("-"))
        #expect(model.screen != before)
        model.press(.character("+"))
        #expect(model.screen == before)
        model.press(.character("["))
        #expect(model.screen != before)
        model.press(.character("]"))
        #expect(model.screen == before)
    }

    @Test func showsTenMinutesAnHourAndStepsInTurn() {
        var model = model()
        let before = model.screen
        model.press(.character("t"))
        #expect(model.zoom.step(of: 200) == .seconds(3))
        #expect(model.screen.text(row: 0).contains("10 min"))
        model.press(.character("t"))
        #expect(model.zoom.step(of: 200) == .seconds(18))
        #expect(model.screen.text(row: 0).contains("1 h"))
        model.press(.character("["))
        #expect(model.zoom.end(Fixture.after(600)) == Fixture.start)
        model.press(.character("]"), .character("t"))
        #expect(model.screen == before)
    }

    @Test func goesFromASpanBackToSteps() {
        var model = model()
        model.press(.character("-"), .character("t"), .character("+"))
        #expect(model.zoom.span == nil)
        #expect(model.zoom.step(of: 100) == .seconds(2))
    }

    @Test func saysThatAHostIsGoneFromTheRoster() {
        var model = model()
        _ = model.update(.unlisted(web))
        #expect(model.screen.text.contains("no longer listed"))
        model.press(.escape)
        #expect(model.pane == .fleet)
    }

    @Test func tellsTheAgeOfStaleValues() {
        var model = model()
        _ = model.update(.tick(Fixture.after(360)))
        #expect(model.screen.text(row: 0).contains("stale"))
        #expect(model.screen.text(row: 0).contains("5m old"))
    }
}

@Suite struct AlertViewTests {
    @Test func listsTheWorstFirstAndGoesToTheHost() {
        var model = Fixture.threeHosts()
        let web = Fixture.host("web1")
        _ = model.update(
            Fixture.report(web, .alertsCritical, Fixture.alerts(.critical, ["oom"]))
        )
        model.press(.tab)
        #expect(model.pane == .alerts)
        #expect(model.screen.text(row: 2).hasPrefix("C web1"))
        #expect(model.screen.text(row: 2).hasSuffix("oom is bad"))
        #expect(model.screen.text(row: 3).hasPrefix("W db1"))
        model.press(.down, .enter)
        #expect(model.pane == .host(Fixture.host("db1")))
    }

    @Test func listsEventsNewestFirst() {
        var model = Fixture.threeHosts()
        let web = Fixture.host("web1")
        for (seq, kind) in [Event.Kind.fired, .resolved].enumerated() {
            let event = Event(
                kind,
                at: Fixture.after(Double(seq)),
                seq: seq,
                run: "r1",
                level: .warning,
                summary: "cpu"
            )
            _ = model.update(Fixture.report(web, .events, .event(event), item: event.itemID))
        }
        model.press(.character("e"))
        #expect(model.screen.text(row: 2).contains("resolved: cpu"))
        #expect(model.screen.text(row: 3).contains("fired: cpu"))
    }
}
