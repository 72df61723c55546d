import Foundation
import Modules
import Storage
import Testing

@Suite struct DataDirectoryTests {
    let scratch: Scratch
    let directory: DataDirectory

    init() throws {
        scratch = try Scratch()
        directory = DataDirectory(scratch.path + "/data")
        try directory.create()
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status
    }

    @Test func isPrivate() throws {
        #expect(try status(directory.path).st_mode & 0o777 == 0o700)
        try directory.prepare(file: directory.databasePath)
        #expect(try status(directory.databasePath).st_mode & 0o777 == 0o600)
    }

    @Test func isHeldByOneAtATime() throws {
        var lock: DataDirectoryLock? = try directory.lock()
        #expect(throws: DataDirectoryError.held(by: Int(getpid()), directory.path)) {
            try directory.lock()
        }
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try directory.lock()
    }

    @Test func namesTheHolder() {
        let error = DataDirectoryError.held(by: 42, "/d")
        #expect("\(error)" == "/d: in use by process 42")
    }

    @Test func saysThatTheParentIsMissing() {
        let orphan = DataDirectory(directory.path + "/a/b")
        #expect(throws: DataDirectoryError.system("make", orphan.path, ENOENT)) {
            try orphan.create()
        }
    }

    @Test func refusesAFileInItsPlace() throws {
        try directory.prepare(file: directory.path + "/file")
        let file = DataDirectory(directory.path + "/file")
        #expect(throws: DataDirectoryError.notADirectory(file.path)) { try file.create() }
    }

    @Test(.enabled(if: geteuid() == 0)) func rootsFilesBelongToTheDirectorysOwner() throws {
        try #require(chown(directory.path, 12_345, 12_346) == 0)
        let lock = try directory.lock()
        try directory.prepare(file: directory.databasePath)
        let store = try SQLiteStore(path: directory.databasePath)
        try store.apply(.account(.save(.sample("alice"))))
        for file in [
            directory.lockPath, directory.databasePath,
            directory.databasePath + "-wal", directory.databasePath + "-shm",
        ] {
            #expect(try status(file).st_uid == 12_345, "\(file)")
            #expect(try status(file).st_gid == 12_346, "\(file)")
        }
        try store.close()
        withExtendedLifetime(lock) {}
    }
}
