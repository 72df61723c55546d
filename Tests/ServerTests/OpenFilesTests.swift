import Testing

@testable import Server

@Suite struct OpenFilesTests {
    @Test(arguments: [(20_064, 20_000), (1_024, 960), (100, 50), (0, 0), (Int.max, Int.max - 64)])
    func keepsSomeForWhatIsNoConnection(maximum: Int, connections: Int) {
        #expect(OpenFiles(maximum: maximum).connections == connections)
    }
}
