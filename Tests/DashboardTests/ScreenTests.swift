import Dashboard
import Testing

@Suite struct ScreenTests {
    private func screen(_ columns: Int, _ text: String) -> Screen {
        var screen = Screen(Size(columns: columns, rows: 1))
        screen.put(text, row: 0, column: 0)
        return screen
    }

    @Test func cutsWhatIsOutside() {
        var screen = Screen(Size(columns: 5, rows: 1))
        screen.put("abcdefgh", row: 0, column: 2)
        screen.put("below", row: 7, column: 0)
        #expect(screen.text == "  abc")
    }

    @Test func givesWideCharactersTwoCells() {
        let screen = screen(6, "日本x")
        #expect(screen[0, 0].width == 2)
        #expect(screen[0, 1].width == 0)
        #expect(screen[0, 4].text == "x")
        #expect(screen.text == "日本x")
    }

    @Test func leavesAWideCharacterOutThatIsCutByTheEdge() {
        #expect(screen(3, "日本").text == "日")
    }

    @Test func clearsTheOtherHalfOfAWideCharacterThatIsOverwritten() {
        var screen = screen(4, "日本")
        screen.put("x", row: 0, column: 1)
        #expect(screen.text == " x本")
        screen.put("y", row: 0, column: 2)
        #expect(screen.text == " xy")
    }

    @Test func stacksCombiningMarksOnTheirCharacter() {
        let screen = screen(4, "e\u{301}x")
        #expect(screen[0, 0].text == "e\u{301}")
        #expect(screen[0, 1].text == "x")
    }

    @Test func keepsNoMoreThanTwoMarks() {
        let screen = screen(4, "e\u{301}\u{302}\u{303}\u{304}")
        #expect(screen[0, 0].text.unicodeScalars.count == 3)
    }

    @Test func drawsControlCharactersAsQuestionMarks() {
        #expect(screen(8, "a\u{1B}[1m\u{9B}").text == "a?[1m?")
    }

    @Test func dropsWhatTurnsTheDirectionOfText() {
        #expect(screen(8, "a\u{202E}b\u{200D}c").text == "abc")
    }

    @Test func marksACutTextWithAnEllipsis() {
        var screen = Screen(Size(columns: 10, rows: 1))
        screen.put("a-long-name", row: 0, column: 0, width: 6, alignment: .leading)
        #expect(screen.text == "a-lon…")
    }

    @Test func findsOnlyWhatChanged() {
        let before = screen(10, "cpu 12% x")
        let after = screen(10, "cpu 13% y")
        #expect(
            after.changes(from: before) == [
                .init(row: 0, columns: 5..<6), .init(row: 0, columns: 8..<9),
            ]
        )
        #expect(after.changes(from: after).isEmpty)
    }

    @Test func writesEverythingAfterAChangeOfSize() {
        #expect(screen(4, "abcd").changes(from: screen(5, "abcd")).count == 1)
        #expect(screen(4, "abcd").changes(from: nil) == [.init(row: 0, columns: 0..<4)])
    }

    @Test func neverBeginsAChangeInsideAWideCharacter() {
        let changes = screen(4, "日x").changes(from: screen(4, "abx"))
        #expect(changes == [.init(row: 0, columns: 0..<2)])
    }

    @Test func clampsImpossibleSizes() {
        #expect(Size(columns: -1, rows: 0) == Size(columns: 1, rows: 1))
        #expect(Size(columns: 100_000, rows: 5).columns == Size.maximumSide)
    }
}

@Suite struct PaletteTests {
    @Test func usesNoColorWhereNoneIsWanted() {
        let palette = Palette(.none)
        for ink in Ink.allCases {
            #expect(palette.appearance(of: Style(ink)).foreground == nil)
        }
        #expect(palette.appearance(of: .faint).isDim)
        #expect(palette.appearance(of: Style(.critical)).isBold)
    }

    @Test func staysWithinTheColorsThatThereAre() {
        for ink in Ink.allCases {
            #expect((0..<8).contains(Palette(.basic).foreground(ink) ?? 0))
            #expect((0..<256).contains(Palette(.indexed).foreground(ink) ?? 0))
        }
    }
}

@Suite struct GraphTests {
    private func draw(_ style: GraphStyle, _ values: [Double?], _ size: Size) -> String {
        var screen = Screen(size)
        let area = Graph.Area(row: 0, column: 0, size: size)
        Graph(style, ink: .processor, top: 100).draw(values, in: area, on: &screen)
        return screen.text
    }

    @Test func drawsTwoValuesAColumnInBraille() {
        let text = draw(.braille, [25, 50, 75, 100], Size(columns: 2, rows: 1))
        #expect(text == "\u{28E0}\u{28FE}" || text == "⣠⣾")
    }

    @Test func drawsEightStepsInBlocks() {
        #expect(draw(.block, [12.5, 50, 100], Size(columns: 3, rows: 1)) == "▁▄█")
    }

    @Test func drawsInASCIIWithoutOtherCharacters() {
        #expect(draw(.ascii, [20, 60, 100], Size(columns: 3, rows: 1)) == ".:#")
    }

    @Test func stacksRows() {
        #expect(draw(.block, [50, 100], Size(columns: 2, rows: 2)) == " █\n██")
    }

    @Test func showsTheSmallestValueAndLeavesHolesEmpty() {
        #expect(draw(.block, [0.01, nil, 0, 1000], Size(columns: 4, rows: 1)) == "▁  █")
    }
}
