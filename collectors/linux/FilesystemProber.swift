import Glibc
import Synchronization

/// Asks every filesystem how full it is, on threads that may get stuck without anyone waiting.
///
/// Each pass runs on a thread of its own and ends with it. A filesystem that does not answer in
/// time is reported as unknown and left out of further passes until its thread comes back.
final class FilesystemProber: Sendable {
    private let files: HostFiles
    private let board = Mutex(ProbeBoard())

    init(_ files: HostFiles) {
        self.files = files
    }

    /// What is known now.
    var latest: [FilesystemUsage] {
        board.withLock { $0.latest }
    }

    /// Starts a pass when one is due.
    func refresh(at now: Duration) {
        guard let pass = board.withLock({ $0.beginIfDue(at: now) }) else { return }
        let started = startThread { [self] in run(pass) }
        if !started { board.withLock { $0.ended(pass) } }
    }

    /// The body of a pass: reads the mounts and asks those that are not stuck.
    private func run(_ pass: ProbeBoard.Pass) {
        // This process's mounts, unless the host's files are elsewhere: there it is process 1
        // that sees them as the host does.
        let name = files.root == "/" ? "proc/self/mountinfo" : "proc/1/mountinfo"
        let bytes = (try? files.contents(name)) ?? []
        let mounts = Mount.worthTelling(Mount.parse(bytes))
        guard board.withLock({ $0.found(mounts, by: pass) }) else { return }
        for mount in mounts where board.withLock({ $0.isFree(mount.point, for: pass) }) {
            let space = Self.space(of: files.path(String(mount.point.drop { $0 == "/" })))
            board.withLock { $0.answered(mount.point, space, by: pass) }
        }
        board.withLock { $0.ended(pass) }
    }

    private static func space(of path: String) -> FilesystemUsage.Space? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let unit = UInt64(status.f_frsize)
        func bytes(_ blocks: UInt) -> UInt64 {
            let (bytes, overflow) = UInt64(blocks).multipliedReportingOverflow(by: unit)
            return overflow ? .max : bytes
        }
        return FilesystemUsage.Space(
            size: bytes(status.f_blocks),
            free: bytes(status.f_bfree),
            available: bytes(status.f_bavail),
            inodes: UInt64(status.f_files),
            inodesFree: UInt64(status.f_ffree)
        )
    }
}

/// Who asks which filesystem, since when, and what came of it: the prober's decisions.
struct ProbeBoard: Sendable {
    /// One pass over all filesystems.
    struct Pass: Sendable, Hashable {
        fileprivate var number: Int
    }

    /// In the order of the mounts.
    private(set) var latest: [FilesystemUsage] = []
    private var passes = 0
    private var lastBegan: Duration?
    /// The pass whose answers count; nil between passes.
    private var current: Pass?
    /// By mount point: the pass that is asking it now.
    ///
    /// One that is not current is stuck.
    private var asking: [String: Pass] = [:]

    /// A new pass, when the last one is long enough ago.
    ///
    /// One that takes too long is given up: what
    /// it waits for is unknown from then on.
    mutating func beginIfDue(at now: Duration) -> Pass? {
        if let lastBegan, let current {
            guard now - lastBegan >= Self.patience else { return nil }
            for (point, pass) in asking where pass == current { forget(point) }
        } else if let lastBegan, now - lastBegan < Self.interval {
            return nil
        }
        current = nil
        guard asking.count < Self.mostStuck else { return nil }
        lastBegan = now
        passes &+= 1
        let pass = Pass(number: passes)
        current = pass
        return pass
    }

    /// The mounts that a pass is about to ask; false when it was given up meanwhile.
    mutating func found(_ mounts: [Mount], by pass: Pass) -> Bool {
        guard pass == current else { return false }
        latest = mounts.map { mount in
            let known = latest.first { $0.mountPoint == mount.point }?.space
            return FilesystemUsage(
                mountPoint: mount.point,
                isReadOnly: mount.isReadOnly,
                space: known
            )
        }
        return true
    }

    /// Whether the pass should ask this mount; then it is noted as asking.
    mutating func isFree(_ point: String, for pass: Pass) -> Bool {
        guard pass == current, asking[point] == nil else { return false }
        asking[point] = pass
        return true
    }

    /// An answer; nil when there was an error.
    ///
    /// One that comes late frees the mount.
    mutating func answered(_ point: String, _ space: FilesystemUsage.Space?, by pass: Pass) {
        if asking[point] == pass { asking[point] = nil }
        guard pass == current, let index = latest.firstIndex(where: { $0.mountPoint == point })
        else { return }
        latest[index].space = space
    }

    /// The pass is through.
    mutating func ended(_ pass: Pass) {
        if pass == current { current = nil }
    }

    private mutating func forget(_ point: String) {
        guard let index = latest.firstIndex(where: { $0.mountPoint == point }) else { return }
        latest[index].space = nil
    }

    /// Filesystems fill up in minutes, not in seconds.
    static let interval = Duration.seconds(5)
    /// A disk that spins up takes some seconds; what takes longer hangs.
    static let patience = Duration.seconds(5)
    /// Threads that may hang at one time, each holding a stack.
    static let mostStuck = 16
}
