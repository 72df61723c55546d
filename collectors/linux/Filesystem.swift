import Telemetry

/// How full the mounted filesystems are.
///
/// `statvfs` on a dead network mount blocks for good, so that it is asked on other threads
/// (``FilesystemProber``) and the tick takes the last answers there are.
struct FilesystemCollector: Collector {
    static let name = "filesystem"

    private let prober: FilesystemProber

    init(_ files: HostFiles) {
        prober = FilesystemProber(files)
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        prober.refresh(at: tick.uptime)
        for mount in prober.latest {
            reading.add(.filesystem, Self.instance(mount))
        }
    }

    private static func instance(_ mount: FilesystemUsage) -> SampleInstance {
        let space = mount.space
        return SampleInstance(
            mount.mountPoint,
            values: [
                SampleValue("used", space?.usedShare),
                SampleValue("size", space.map { Double($0.size) }),
                SampleValue("available", space.map { Double($0.available) }),
                SampleValue("inodes-used", space?.inodesUsedShare),
                SampleValue("inodes", space.map { Double($0.inodes) }),
                SampleValue("inodes-free", space.map { Double($0.inodesFree) }),
                SampleValue("readonly", mount.isReadOnly ? 1 : 0),
            ]
        )
    }
}

/// One filesystem and what was last known of it.
struct FilesystemUsage: Sendable, Hashable {
    var mountPoint: String
    var isReadOnly: Bool
    /// Nil when it did not answer.
    var space: Space?

    /// What `statvfs` says, in bytes.
    struct Space: Sendable, Hashable {
        var size: UInt64
        /// Free for everybody and for root alone.
        var free: UInt64
        /// Free for everybody.
        var available: UInt64
        var inodes: UInt64
        var inodesFree: UInt64

        /// Percent as df(1) has it: what is reserved for root counts as neither used nor free.
        var usedShare: Double {
            let used = size.subtracting(free)
            let (whole, overflow) = used.addingReportingOverflow(available)
            return whole == 0 || overflow ? 0 : 100 * Double(used) / Double(whole)
        }

        /// Percent; zero for filesystems that make inodes as they need them.
        var inodesUsedShare: Double {
            inodes == 0 ? 0 : 100 * Double(inodes.subtracting(inodesFree)) / Double(inodes)
        }
    }
}

/// A line of `/proc/self/mountinfo`.
struct Mount: Sendable, Hashable {
    /// Major and minor number, the same for every mount of one filesystem.
    var device: String
    /// What part of the filesystem is mounted: `/` unless it is a bind mount or a subvolume.
    var root: String
    var point: String
    var isReadOnly: Bool
    var type: String
    var source: String

    /// The filesystems worth telling: on something that holds data, each one once.
    static func worthTelling(_ mounts: [Mount]) -> [Mount] {
        var chosen: [Mount] = []
        for mount in mounts where mount.holdsData {
            // A later mount on the same point hides the earlier.
            chosen.removeAll { $0.point == mount.point }
            guard let index = chosen.firstIndex(where: { $0.device == mount.device }) else {
                chosen.append(mount)
                continue
            }
            // Of a filesystem that is mounted in several places, its root or else the shortest.
            let (old, new) = (chosen[index], mount)
            let isBetter =
                (new.root == "/") != (old.root == "/")
                ? new.root == "/" : new.point.utf8.count < old.point.utf8.count
            if isBetter { chosen[index] = new }
        }
        return chosen
    }

    private var holdsData: Bool {
        if type == "tmpfs" { return point == "/tmp" || point == "/run" || point == "/dev/shm" }
        return source.hasPrefix("/dev/") && !type.hasPrefix("squashfs") && type != "iso9660"
            || Self.network.contains(type) || Self.pooled.contains(type) || point == "/"
    }

    private static let network: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "9p",
        "virtiofs", "lustre", "beegfs", "afs",
    ]
    private static let pooled: Set<String> = ["zfs", "btrfs", "bcachefs", "f2fs"]

    static func parse(_ bytes: [UInt8]) -> [Mount] {
        var scanner = ByteScanner(bytes)
        var mounts: [Mount] = []
        while !scanner.isAtEnd {
            if let mount = line(&scanner) { mounts.append(mount) }
            scanner.skipLine()
        }
        return mounts
    }

    /// `36 35 98:0 /root /point rw,noatime shared:1 - ext3 /dev/sda1 rw,errors=continue`, with any
    /// number of optional fields before the dash (proc(5)).
    private static func line(_ scanner: inout ByteScanner) -> Mount? {
        guard scanner.unsigned() != nil, scanner.unsigned() != nil else { return nil }
        let device = scanner.word()
        let root = scanner.word()
        let point = scanner.word()
        let options = scanner.word()
        var separator = scanner.word()
        while !separator.isEmpty, !scanner.equals(separator, "-") { separator = scanner.word() }
        let type = scanner.word()
        let source = scanner.word()
        guard !type.isEmpty, !point.isEmpty else { return nil }
        return Mount(
            device: scanner.text(device),
            root: unescaped(scanner.bytes(root)),
            point: unescaped(scanner.bytes(point)),
            isReadOnly: scanner.text(options).split(separator: ",").contains("ro"),
            type: scanner.text(type),
            source: unescaped(scanner.bytes(source))
        )
    }

    /// The kernel writes space, tab, newline and backslash as three octal digits.
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ $0 >= 0x30 && $0 < 0x38 })
            {
                result.append(digits.reduce(0) { $0 &* 8 &+ ($1 &- 0x30) })
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
