import Testing

@testable import Server

@Suite struct OpenFilesTests {
    @Test(arguments: [(20_064, 20_000), (1_024, 960), (100, 50), (0, 0), (Int.max, Int.max - 64)])
    func keepsSomeForWhatIsNoConnection(maximum: Int, connections: Int) {
        #expect(OpenFiles(maximum: maximum, reservesPeers: false).connections == connections)
    }

    /// Streams that we open and those that others open never keep clients out.
    @Test(arguments: [(20_064, 10_000, 5_000), (512, 224, 112), (100, 26, 12), (0, 0, 1)])
    func keepsAPartForOtherServers(maximum: Int, connections: Int, peers: Int) {
        let files = OpenFiles(maximum: maximum, reservesPeers: true)
        #expect(files.connections == connections)
        #expect(files.peers == peers)
    }
}
