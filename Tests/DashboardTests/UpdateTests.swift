import Dashboard
import Telemetry
import Testing
import XMPP

@Suite struct UpdateTests {
    @Test(arguments: [Key.character("q"), .control("c"), .function(10)])
    func quits(_ key: Key) {
        var model = Fixture.threeHosts()
        #expect(model.press(key) == [.quit])
    }

    @Test func quitsByControlCEvenWhileAFilterIsTyped() {
        var model = Fixture.threeHosts()
        model.press(.character("/"), .character("q"))
        #expect(model.filter.text == "q")
        #expect(model.press(.control("c")) == [.quit])
    }

    @Test(arguments: [Key.character("?"), .character("h"), .function(1)])
    func helps(_ key: Key) {
        var model = Fixture.threeHosts()
        model.press(key)
        #expect(model.screen.text.contains("Ctrl-U Ctrl-D"))
        model.press(.character("x"))
        #expect(!model.screen.text.contains("Ctrl-U Ctrl-D"))
    }

    @Test func movesWithArrowsAndLetters() {
        var model = Fixture.threeHosts()
        model.press(.home)
        #expect(model.fleetCursor.selected == Fixture.host("mail"))
        model.press(.down)
        #expect(model.fleetCursor.selected == Fixture.host("db1"))
        model.press(.character("j"))
        #expect(model.fleetCursor.selected == Fixture.host("web1"))
        model.press(.character("k"), .up, .up, .up)
        #expect(model.fleetCursor.selected == Fixture.host("mail"))
        model.press(.character("G"))
        #expect(model.fleetCursor.selected == Fixture.host("web1"))
        model.press(.character("g"))
        #expect(model.fleetCursor.selected == Fixture.host("mail"))
    }

    @Test func keepsTheChosenHostWhenRowsMove() {
        var model = Fixture.threeHosts()
        model.press(.home, .down)
        let sample = Fixture.summary(cpu: 5, level: .critical, seq: 2)
        _ = model.update(Fixture.report(Fixture.host("web1"), .summary, .sample(sample)))
        #expect(model.fleetCursor.selected == Fixture.host("db1"))
    }

    @Test func scrollsByPages() {
        var model = Fixture.model(80, 10)
        for number in 100..<150 {
            _ = model.update(.presence(Fixture.host("h\(number)"), .available))
        }
        model.press(.character("g"), .pageDown)
        #expect(model.fleetCursor.selected == Fixture.host("h106"))
        model.press(.control("d"))
        #expect(model.fleetCursor.selected == Fixture.host("h109"))
        #expect(model.screen.text.contains("h109"))
        model.press(.control("u"), .pageUp)
        #expect(model.fleetCursor.selected == Fixture.host("h100"))
    }

    @Test func filtersAndLeavesOut() {
        var model = Fixture.threeHosts()
        model.press(.character("/"))
        model.type("WEB")
        #expect(model.shownHosts == ["web1"])
        #expect(model.screen.text(row: 23) == "/WEB")
        #expect(model.screen.cursor?.column == 4)
        model.press(.control("u"))
        model.type("!web")
        #expect(model.shownHosts == ["mail", "db1"])
        model.press(.enter)
        #expect(model.overlay == nil)
        #expect(model.shownHosts == ["mail", "db1"])
        model.press(.escape)
        #expect(model.shownHosts.count == 3)
    }

    @Test func goesBackToTheFormerFilterOnEscape() {
        var model = Fixture.threeHosts()
        model.press(.character("/"))
        model.type("web")
        model.press(.enter, .character("/"), .backspace, .backspace, .escape)
        #expect(model.filter.text == "web")
    }

    @Test func filtersByStateAndLevel() {
        var model = Fixture.threeHosts()
        model.press(.character("/"))
        model.type("down")
        #expect(model.shownHosts == ["mail"])
        model.press(.control("w"))
        model.type("warning")
        #expect(model.shownHosts == ["db1"])
    }

    @Test func limitsTheLengthOfAFilter() {
        var model = Fixture.threeHosts()
        model.press(.character("/"))
        model.type(String(repeating: "x", count: TextFilter.maximumLength + 5))
        #expect(model.filter.text.count == TextFilter.maximumLength)
    }

    @Test func sortsByLetterMenuAndArrow() {
        var model = Fixture.threeHosts()
        model.press(.character("P"))
        #expect(model.shownHosts == ["db1", "web1", "mail"])
        model.press(.character("r"))
        #expect(model.shownHosts == ["mail", "web1", "db1"])
        model.press(.character("s"))
        #expect(model.screen.text.contains("host name"))
        model.press(.up, .up, .enter)
        #expect(model.sort == .host)
        #expect(model.shownHosts == ["db1", "mail", "web1"])
        model.press(.left)
        #expect(model.sort == .level)
    }

    @Test func standsStillWhileFrozenAndCatchesUp() {
        var model = Fixture.threeHosts()
        model.press(.character("f"))
        let frozen = model.screen
        #expect(frozen.text.contains("FROZEN at"))
        _ = model.update(.tick(Fixture.after(60)))
        let sample = Fixture.summary(cpu: 77, seq: 2)
        _ = model.update(Fixture.report(Fixture.host("web1"), .summary, .sample(sample)))
        #expect(model.screen.changes(from: frozen).isEmpty)
        model.press(.character(" "))
        #expect(model.screen.text.contains("77%"))
    }

    @Test func findsTheNextHostInTrouble() {
        var model = Fixture.threeHosts()
        model.press(.character("G"), .character("n"))
        #expect(model.fleetCursor.selected == Fixture.host("mail"))
        model.press(.character("N"))
        #expect(model.fleetCursor.selected == Fixture.host("db1"))
    }

    @Test func opensAHostAndComesBack() {
        var model = Fixture.threeHosts()
        model.press(.home, .enter)
        #expect(model.pane == .host(Fixture.host("mail")))
        model.press(.tab)
        #expect(model.pane == .host(Fixture.host("db1")))
        model.press(.escape)
        #expect(model.pane == .fleet)
        #expect(model.fleetCursor.selected == Fixture.host("db1"))
    }

    @Test func takesClicksAndTheWheel() {
        var model = Fixture.threeHosts()
        _ = model.update(.mouse(.pressed(.init(row: 4, column: 3))))
        #expect(model.fleetCursor.selected == Fixture.host("web1"))
        _ = model.update(.mouse(.wheelUp))
        #expect(model.fleetCursor.selected == Fixture.host("mail"))
        _ = model.update(.mouse(.doublePressed(.init(row: 3, column: 3))))
        #expect(model.pane == .host(Fixture.host("db1")))
    }

    @Test func followsTheTerminalsSize() {
        var model = Fixture.threeHosts()
        #expect(model.update(.resized(Size(columns: 40, rows: 10))) == [.repaint])
        #expect(model.screen.size == Size(columns: 40, rows: 10))
    }

    @Test func asksForSuspensionAndRepaint() {
        var model = Fixture.threeHosts()
        #expect(model.press(.control("z")) == [.suspend])
        #expect(model.press(.control("l")) == [.repaint])
    }
}

@Suite struct RepaintTests {
    @Test func writesNothingWhileNothingChanges() {
        var model = Fixture.threeHosts()
        var repaint = Repaint()
        #expect(repaint.frame(of: model, at: Fixture.start) != nil)
        for tenth in 1...50 {
            let now = Fixture.after(Double(tenth) / 10)
            _ = model.update(.tick(now))
            repaint.happened()
            #expect(repaint.frame(of: model, at: now) == nil)
        }
        #expect(repaint.frames == 1)
    }

    @Test func paintsNoMoreThanTenTimesASecond() {
        var model = Fixture.threeHosts()
        var repaint = Repaint()
        for step in 0..<1000 {
            let now = Fixture.after(Double(step) / 1000)
            let sample = Fixture.summary(cpu: Double(step % 90), seq: step + 2)
            _ = model.update(.tick(now))
            _ = model.update(Fixture.report(Fixture.host("web1"), .summary, .sample(sample)))
            repaint.happened()
            _ = repaint.frame(of: model, at: now)
        }
        #expect(repaint.frames == 10)
    }

    @Test func waitsOnlyWhenThereIsSomethingToShow() {
        let model = Fixture.threeHosts()
        var repaint = Repaint()
        #expect(repaint.wait(at: Fixture.start) == .zero)
        _ = repaint.frame(of: model, at: Fixture.start)
        #expect(repaint.wait(at: Fixture.start) == nil)
        repaint.happened()
        #expect(repaint.wait(at: Fixture.after(0.04)) == .milliseconds(60))
        #expect(repaint.wait(at: Fixture.after(-100)) == .zero)
    }

    @Test func writesEverythingAgainWhenTheTerminalLostIt() {
        let model = Fixture.threeHosts()
        var repaint = Repaint()
        _ = repaint.frame(of: model, at: Fixture.start)
        repaint.lost()
        let frame = repaint.frame(of: model, at: Fixture.after(1))
        #expect(frame?.changes.count == 24)
        #expect(frame?.isWhole == true)
    }
}
