import Testing

@testable import Agent

struct FilesystemTests {
    private func mounts() throws -> [Mount] {
        try FixtureHost.fixture("host", "proc/1/mountinfo", Mount.parse)
    }

    private let space = FilesystemUsage.Space(
        size: 100,
        free: 50,
        available: 40,
        inodes: 10,
        inodesFree: 4
    )

    @Test func readsMountsWithTheirEscapes() throws {
        let mount = try #require(try mounts().first { $0.source == "/dev/sdb1" })
        #expect(mount.point == "/srv/my data")
        #expect(mount.isReadOnly)
        #expect(mount.type == "xfs")
        #expect(mount.device == "8:17")
    }

    @Test func leavesOutBindsOverlaysAndWhatHoldsNoData() throws {
        #expect(
            Mount.worthTelling(try mounts()).map(\.point)
                == ["/dev/shm", "/", "/srv/my data", "/mnt/nfs", "/pool/whole/root"]
        )
    }

    @Test func aLaterMountHidesTheOneBelow() {
        let line = "1 0 8:1 / /data rw - ext4 /dev/sda1 rw\n2 0 8:2 / /data rw - xfs /dev/sdb1 rw\n"
        #expect(Mount.worthTelling(Mount.parse(Array(line.utf8))).map(\.type) == ["xfs"])
    }

    @Test(arguments: ["", "22 27", "22 27 0:21 / /proc rw", "a b c d e f - g h"])
    func ignoresLinesThatAreNoMount(text: String) {
        #expect(Mount.parse(Array(text.utf8)).isEmpty)
    }

    @Test func usedShareIsThatOfDf() {
        #expect(abs(space.usedShare - 55.5555) < 0.001)
        #expect(space.inodesUsedShare == 60)
    }

    @Test func aFilesystemThatAnswersIsKnown() throws {
        let board = Board()
        let pass = try #require(board.beginIfDue(at: .zero))
        let mounts = Array(Mount.worthTelling(try mounts()).prefix(2))
        #expect(board.found(mounts, by: pass))
        #expect(board.isFree("/", for: pass))
        board.answered("/", space, by: pass)
        board.ended(pass)
        #expect(board.latest.map(\.mountPoint) == ["/dev/shm", "/"])
        #expect(board.latest.last?.space == space)
        #expect(board.latest.first?.space == nil)
    }

    @Test func passesKeepTheirInterval() throws {
        let board = Board()
        let pass = try #require(board.beginIfDue(at: .zero))
        board.ended(pass)
        #expect(board.beginIfDue(at: .seconds(4)) == nil)
        #expect(board.beginIfDue(at: .seconds(5)) != nil)
    }

    @Test func aHungFilesystemBecomesUnknownAndIsLeftOutUntilItComesBack() throws {
        let board = Board()
        let mounts = try mounts().filter { $0.point == "/" || $0.point == "/mnt/nfs" }
        let first = try #require(board.beginIfDue(at: .zero))
        #expect(board.found(mounts, by: first))
        for mount in mounts {
            #expect(board.isFree(mount.point, for: first))
            board.answered(mount.point, space, by: first)
        }
        board.ended(first)

        let second = try #require(board.beginIfDue(at: .seconds(5)))
        #expect(board.found(mounts, by: second))
        #expect(board.isFree("/mnt/nfs", for: second))
        #expect(board.beginIfDue(at: .seconds(6)) == nil)

        let third = try #require(board.beginIfDue(at: .seconds(10)))
        #expect(board.latest.first { $0.mountPoint == "/mnt/nfs" }?.space == nil)
        #expect(board.latest.first { $0.mountPoint == "/" }?.space == space)
        #expect(board.found(mounts, by: third))
        #expect(!board.isFree("/mnt/nfs", for: third))
        #expect(board.isFree("/", for: third))
        board.answered("/", space, by: third)
        board.ended(third)

        board.answered("/mnt/nfs", space, by: second)
        board.ended(second)
        #expect(board.latest.first { $0.mountPoint == "/mnt/nfs" }?.space == nil)
        let fourth = try #require(board.beginIfDue(at: .seconds(15)))
        #expect(board.found(mounts, by: fourth))
        #expect(board.isFree("/mnt/nfs", for: fourth))
    }

    @Test func threadsThatHangAreBounded() {
        let board = Board()
        let line = (0..<40).map { "1 0 9:\($0) / /m\($0) rw - ext4 /dev/x\($0) rw\n" }.joined()
        let mounts = Mount.parse(Array(line.utf8))
        var hung = 0
        for round in 0..<40 {
            guard let pass = board.beginIfDue(at: .seconds(round * 5)) else { continue }
            #expect(board.found(mounts, by: pass))
            if board.isFree("/m\(round)", for: pass) { hung += 1 }
        }
        #expect(hung == ProbeBoard.mostStuck)
    }
}

/// A board that can be asked within an expectation.
private final class Board {
    private var board = ProbeBoard()

    var latest: [FilesystemUsage] { board.latest }

    func beginIfDue(at now: Duration) -> ProbeBoard.Pass? { board.beginIfDue(at: now) }

    func found(_ mounts: [Mount], by pass: ProbeBoard.Pass) -> Bool {
        board.found(mounts, by: pass)
    }

    func isFree(_ point: String, for pass: ProbeBoard.Pass) -> Bool {
        board.isFree(point, for: pass)
    }

    func answered(_ point: String, _ space: FilesystemUsage.Space?, by pass: ProbeBoard.Pass) {
        board.answered(point, space, by: pass)
    }

    func ended(_ pass: ProbeBoard.Pass) { board.ended(pass) }
}
