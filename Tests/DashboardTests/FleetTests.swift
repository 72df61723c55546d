import Dashboard
import Telemetry
import Testing
import XMPP

@Suite struct FleetTests {
    private let web = Fixture.host("web1")

    private func model(_ messages: Message...) -> Model {
        var model = Fixture.model()
        for message in messages { _ = model.update(message) }
        return model
    }

    private func cpu(_ model: Model) -> Double? {
        model.fleet.hosts[web]?.values[.processor]
    }

    @Test func dropsWhatIsOlderWithinARun() {
        let model = model(
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 10, seq: 5))),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 20, seq: 4))),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 30, seq: 5)))
        )
        #expect(cpu(model) == 10)
    }

    @Test func takesALaterRunWhateverItsClock() {
        let earlier = Instant(milliseconds: 0)
        let model = model(
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 10, seq: 900))),
            Fixture.report(
                web,
                .summary,
                .sample(Fixture.summary(cpu: 20, run: "r2", at: earlier))
            ),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 30, seq: 901)))
        )
        #expect(cpu(model) == 20)
    }

    @Test func prefersAGroupToTheSummary() {
        let group = Sample(at: Fixture.start, seq: 1, run: "r1", values: [.init("used", 55.5)])
        let model = model(
            Fixture.report(web, .cpu, .sample(group)),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 10)))
        )
        #expect(cpu(model) == 55.5)
        #expect(model.fleet.hosts[web]?.values[.memory] == 43)
    }

    @Test func takesTotalsOfTheNetworkFromTheSummary() {
        let interfaces = ["eth0", "br0"].map { SampleInstance($0, values: [.init("rx", 1000)]) }
        let group = Sample(at: Fixture.start, seq: 1, run: "r1", instances: interfaces)
        var model = model(Fixture.report(web, .network, .sample(group)))
        #expect(model.fleet.hosts[web]?.values[.networkIn] == 2000)
        _ = model.update(Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 1))))
        let again = Sample(at: Fixture.start, seq: 2, run: "r1", instances: interfaces)
        _ = model.update(Fixture.report(web, .network, .sample(again)))
        #expect(model.fleet.hosts[web]?.values[.networkIn] == 1_258_291)
    }

    @Test func takesFromGroupsWhatTheSummaryDoesNotTell() {
        let short = Sample(at: Fixture.start, seq: 1, run: "r1", values: [.init("cpu", 5)])
        let eth = SampleInstance("eth0", values: [.init("rx", 1000)])
        let group = Sample(at: Fixture.start, seq: 1, run: "r1", instances: [eth])
        let later = Sample(at: Fixture.start, seq: 2, run: "r1", values: [.init("cpu", 6)])
        let model = model(
            Fixture.report(web, .summary, .sample(short)),
            Fixture.report(web, .network, .sample(group)),
            Fixture.report(web, .summary, .sample(later))
        )
        #expect(model.fleet.hosts[web]?.values[.networkIn] == 1000)
        #expect(model.fleet.hosts[web]?.values[.processor] == 6)
    }

    @Test func becomesStaleAfterTwoAndAHalfHeartbeats() {
        var model = model(
            .presence(web, .available),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 10)))
        )
        _ = model.update(.tick(Fixture.after(150)))
        #expect(state(model) == .up)
        _ = model.update(.tick(Fixture.after(151)))
        #expect(state(model) == .stale)
        #expect(model.screen.text.contains("stale"))
        #expect(model.screen.text.contains(" 2m"))
    }

    private func state(_ model: Model) -> Host.State? {
        model.fleet.hosts[web]?.state(at: model.now, isOnline: true)
    }

    @Test func marksAGroupThatStopsWhileOthersGoOn() {
        var model = model(.presence(web, .available))
        let group = Sample(at: Fixture.start, seq: 1, run: "r1", values: [.init("used", 55)])
        _ = model.update(Fixture.report(web, .memory, .sample(group)))
        _ = model.update(.tick(Fixture.after(200)))
        _ = model.update(Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 10))))
        #expect(state(model) == .up)
        #expect(model.screen.text(row: 2).contains("10% stale  0.42"))
        model.press(.enter)
        #expect(model.screen.text.contains("memory 55% 3m old"))
    }

    @Test func usesTheHeartbeatThatTheBirthTells() {
        let meta = Meta(
            at: Fixture.start,
            run: "r1",
            agent: "1",
            boot: "b",
            interval: 1,
            heartbeat: 10
        )
        var model = model(
            .presence(web, .available),
            Fixture.report(web, .meta, .meta(meta)),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 10)))
        )
        _ = model.update(.tick(Fixture.after(26)))
        #expect(state(model) == .stale)
    }

    @Test func tellsTheAgeOfAKeptItemByItsStamp() {
        var model = Fixture.model()
        let old = Fixture.after(-7200)
        _ = model.update(.presence(web, .available))
        _ = model.update(
            Fixture.report(
                web,
                .summary,
                .sample(Fixture.summary(cpu: 10, at: old)),
                sent: old
            )
        )
        #expect(state(model) == .stale)
        #expect(model.screen.text.contains("2h"))
    }

    @Test func trustsAHostWithAWrongClockWhileItsValuesArrive() {
        let wrong = Instant(milliseconds: 0)
        var model = model(
            .presence(web, .available),
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 1, at: wrong)))
        )
        _ = model.update(
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 2, seq: 2, at: wrong)))
        )
        #expect(state(model) == .up)
    }

    @Test func knowsNothingOfHostsWhileOffline() {
        var model = Fixture.threeHosts()
        _ = model.update(.connection(.offline(reason: "cut", retryAt: Fixture.after(5))))
        #expect(model.screen.text.contains("OFFLINE"))
        #expect(model.screen.text.contains("0 up  3 unknown"))
        #expect(model.screen.text.contains("? web1       ?"))
        #expect(Outcome(model.picture) == .warning)
    }

    @Test func waitsForPresenceBeforeItCallsAHostGone() {
        var model = model(.listed(web))
        #expect(state(model) == .unknown)
        _ = model.update(.tick(Fixture.after(4)))
        #expect(state(model) == .down)
        _ = model.update(.connection(.offline(reason: "cut", retryAt: nil)))
        _ = model.update(.tick(Fixture.after(60)))
        _ = model.update(.connection(.online(Fixture.viewer)))
        #expect(state(model) == .unknown)
        _ = model.update(.presence(web, .available))
        #expect(state(model) == .up)
    }

    @Test func keepsNoMoreHostsThanItsLimit() {
        var model = Fixture.model()
        for number in 0..<(Fleet.maximumHosts + 3) {
            _ = model.apply(.listed(Fixture.host("h\(number)")))
        }
        #expect(model.fleet.hosts.count == Fleet.maximumHosts)
        #expect(model.fleet.omitted.count == 3)
        #expect(model.screen.text.contains("+3 not shown"))
    }

    @Test func logsAnEventOnceAndNoMoreThanItsLimit() {
        var model = Fixture.model()
        for number in 0..<(Fleet.maximumEvents + 10) {
            let event = Event(
                .fired,
                at: Fixture.after(Double(number)),
                seq: number,
                run: "r1",
                summary: "x"
            )
            let message = Fixture.report(web, .events, .event(event), item: event.itemID)
            let isNews = model.apply(message)
            #expect(isNews)
            let isNewsAgain = model.apply(message)
            #expect(!isNewsAgain)
        }
        #expect(model.fleet.events.count == Fleet.maximumEvents)
        #expect(model.fleet.events.first?.event.seq == Fleet.maximumEvents + 9)
    }

    @Test func closesAlertsThatAnEmptyListNoLongerNames() {
        var model = Fixture.threeHosts()
        #expect(model.fleet.openAlerts.count == 1)
        let empty = Fixture.alerts(.warning, [], seq: 2)
        _ = model.update(Fixture.report(Fixture.host("db1"), .alertsWarning, empty))
        #expect(model.fleet.openAlerts.isEmpty)
    }

    @Test func readsTheDemonstrationOfProsody() {
        let value = ProsodyValue(name: "load", level: .warning, number: 3.5)
        let model = model(
            .presence(web, .available),
            Fixture.report(web, .summary, .prosody(value))
        )
        #expect(model.fleet.hosts[web]?.values[.load] == 3.5)
        #expect(model.fleet.hosts[web]?.level == .warning)
    }
}
