import Testing

@testable import Telemetry

struct MonitoringNodeTests {
    @Test func namesAreInOurNamespace() {
        #expect(MonitoringNode.alertsCritical.name == "urn:lapwing:1#alerts.critical")
    }

    @Test(arguments: MonitoringNode.allCases)
    func readsBackItsName(node: MonitoringNode) {
        #expect(MonitoringNode(name: node.name) == node)
    }

    @Test(arguments: ["", "cpu", "urn:lapwing:1#", "urn:lapwing:1#x", "urn:lapwing:2#cpu"])
    func knowsNoOtherName(name: String) {
        #expect(MonitoringNode(name: name) == nil)
    }

    @Test func unknownStandsBetweenOkAndInfo() {
        #expect(Level.ok < .unknown)
        #expect(Level.unknown < .info)
        #expect(Level.info < .warning)
        #expect(Level.warning < .critical)
    }
}
