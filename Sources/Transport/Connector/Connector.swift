package import NIOCore
import NIOPosix

/// Finds the service of a domain and connects to it: SRV records of both kinds (RFC 6120 §3.2,
/// XEP-0368), then a ``Race`` over the addresses of what they name.
package struct Connector: Sendable {
    /// How long one attempt may take.
    static let attemptTime = TimeAmount.seconds(10)

    private let resolver: NameResolver

    package init(_ resolver: NameResolver) {
        self.resolver = resolver
    }

    /// Begins to connect to the service of a domain, which may be a literal address; the result
    /// fails with a ``ConnectError``.
    ///
    /// `protections` are the kinds of records that are of use; targets that are to be `last` are
    /// tried after all others. With `fallsBack` the domain's own host is tried where there are no
    /// records. Whoever takes the channel has to add handlers in the same turn of the loop: it
    /// reads at once.
    package func connect(
        to domain: String,
        for service: PeerService,
        by protections: Set<Target.Protection> = [.startTLS, .direct],
        last: Set<Target> = [],
        fallsBack: Bool = true,
        on eventLoop: any EventLoop
    ) -> Connecting {
        let connecting = Connecting(on: eventLoop)
        eventLoop.execute { [resolver] in
            let run = ConnectionRun(
                connecting,
                domain: domain,
                service: service,
                protections: protections,
                last: last,
                fallsBack: fallsBack,
                resolver: resolver,
                on: eventLoop
            )
            run.start()
        }
        return connecting
    }
}

/// A connection that is being made.
package struct Connecting: Sendable {
    package let result: EventLoopFuture<Connected>
    fileprivate let promise: EventLoopPromise<Connected>
    /// Kept when nobody wants the connection any more, or when there is one.
    fileprivate let ending: EventLoopPromise<Void>

    fileprivate init(on eventLoop: any EventLoop) {
        promise = eventLoop.makePromise()
        ending = eventLoop.makePromise()
        result = promise.futureResult
    }

    /// Gives it up, if there is no result yet; from anywhere.
    package func cancel() {
        ending.succeed()
    }
}

/// A connection to a domain's service, before its first byte.
package struct Connected: Sendable {
    package let channel: any Channel
    package let target: Target
    package let address: IPAddress
    /// Whether DNSSEC vouches for all from the domain to the address: then the target's name may
    /// stand for the domain, and its TLSA records may be asked for (RFC 7673 §3).
    package let isSecure: Bool
}

/// One connection in the making.
///
/// Confined to its event loop; kept by what it waits for.
private final class ConnectionRun {
    private let connecting: Connecting
    private let domain: String
    private let service: PeerService
    private let protections: Set<Target.Protection>
    private let last: Set<Target>
    private let fallsBack: Bool
    private let resolver: NameResolver
    private let eventLoop: any EventLoop

    private var tickets: [NameResolver.Ticket] = []
    /// Questions whose answers this loop is still to get.
    private var outstanding = 0
    /// What is told when there are none any more.
    private var failure: ConnectError?
    private var answers: TargetList.Answers = [:]
    private var targets: [Target] = []
    /// Why it is not known whether there are records, while the domain's own host is tried.
    private var unanswered: ResolverError?
    private var race: Race?
    private var channels: [Int: any Channel] = [:]
    private var timer: Scheduled<Void>?
    private var failures: [ConnectError.Failure] = []
    /// Per target and family, whether DNSSEC vouches for its addresses.
    private var isSecure: [Int: [IPAddress.Family: Bool]] = [:]
    /// Why hosts have no addresses.
    private var lookUps: [Int: ResolverError] = [:]
    private var isOver = false

    init(
        _ connecting: Connecting,
        domain: String,
        service: PeerService,
        protections: Set<Target.Protection>,
        last: Set<Target>,
        fallsBack: Bool,
        resolver: NameResolver,
        on eventLoop: any EventLoop
    ) {
        self.connecting = connecting
        self.domain = domain
        self.service = service
        self.protections = protections
        self.last = last
        self.fallsBack = fallsBack
        self.resolver = resolver
        self.eventLoop = eventLoop
    }

    func start() {
        connecting.ending.futureResult.assumeIsolated().whenComplete { _ in
            self.fail(.cancelled)
        }
        if let address = IPAddress(domain) { return race(to: [usual(.address(address))]) }
        if LocalName.isLocal(domain) { return race(to: [usual(.local)]) }
        guard let name = DNSName(domain: domain) else { return fail(.noName) }
        for protection in protections {
            guard let name = DNSName(service.name(protection), of: name) else {
                return fail(.noName)
            }
            ask(.services(at: name)) { run, answer in run.answered(protection, answer) }
        }
    }

    /// The target that needs no records.
    private func usual(_ host: Target.Host, isSecure: Bool = false) -> Target {
        let protection: Target.Protection = protections == [.direct] ? .direct : .startTLS
        return Target(
            host: host,
            port: service.usualPort(protection),
            protection: protection,
            isSecure: isSecure
        )
    }

    private func ask<Record>(
        _ question: DNSQuestion<Record>,
        _ answered:
            @escaping @Sendable (ConnectionRun, Result<DNSAnswer<Record>, ResolverError>) -> Void
    ) {
        let run = NIOLoopBound(self, eventLoop: eventLoop)
        outstanding += 1
        let ticket = resolver.ask(question) { [eventLoop] answer in
            eventLoop.execute {
                run.value.outstanding -= 1
                answered(run.value, answer)
                run.value.tellFailure()
            }
        }
        tickets.append(ticket)
    }

    /// Who is told may end the loop: no answer must come after that.
    private func tellFailure() {
        guard outstanding == 0, let failure else { return }
        self.failure = nil
        connecting.promise.fail(failure)
    }
}

// MARK: - Names

extension ConnectionRun {
    private func answered(
        _ protection: Target.Protection,
        _ answer: Result<DNSAnswer<ServiceRecord>, ResolverError>
    ) {
        guard !isOver else { return }
        answers[protection] = answer
        guard answers.count == protections.count else { return }
        let outcome = TargetList.outcome(of: answers, last: last) { most in
            UInt32.random(in: 0...most)
        }
        switch outcome {
        case .targets(let targets): race(to: targets)
        case .noRecords(let isSecure, let error):
            guard fallsBack, let name = DNSName(domain: domain) else {
                return fail(.noRecords(error))
            }
            unanswered = error
            race(to: [usual(.name(name), isSecure: isSecure)])
        case .unavailable: fail(.unavailable)
        case .failed(let error): fail(.lookUp(error))
        }
    }

    private func race(to targets: [Target]) {
        self.targets = targets
        race = Race(targets: targets.count, at: eventLoop.now)
        for (index, target) in targets.enumerated() {
            switch target.host {
            case .name(let name):
                ask(.v6(of: name)) { run, answer in run.found(answer, .v6, of: index) }
                ask(.v4(of: name)) { run, answer in run.found(answer, .v4, of: index) }
            case .address(let address): found([address], of: index)
            case .local: found(LocalName.addresses, of: index)
            }
        }
    }

    private func found(_ addresses: [IPAddress], of target: Int) {
        for family in [IPAddress.Family.v6, .v4] {
            let answer = DNSAnswer(addresses.filter { $0.family == family }, isSecure: false)
            found(.success(answer), family, of: target)
        }
    }

    private func found(
        _ answer: Result<DNSAnswer<IPAddress>, ResolverError>,
        _ family: IPAddress.Family,
        of target: Int
    ) {
        guard !isOver else { return }
        var addresses: [IPAddress] = []
        switch answer {
        case .success(let answer):
            // The domain is signed, so somebody keeps its records from us who should not gain by
            // it (RFC 7673 §3.1).
            if let unanswered, answer.isSecure { return fail(.lookUp(unanswered)) }
            addresses = answer.records
            isSecure[target, default: [:]][family] = answer.isSecure
        case .failure(let error): lookUps[target] = error
        }
        advance { race in race.found(addresses, family, of: target, at: eventLoop.now) }
    }
}

// MARK: - Attempts

extension ConnectionRun {
    private func advance(_ event: (inout Race) -> [Race.Action]) {
        guard var race else { return }
        let actions = event(&race)
        self.race = race
        for action in actions {
            switch action {
            case .start(let attempt): begin(attempt)
            case .wake(let time): wake(at: time)
            case .drop(let ids):
                for id in ids { channels.removeValue(forKey: id)?.close(promise: nil) }
            case .lost: lost()
            }
        }
    }

    private func wake(at time: NIODeadline) {
        timer?.cancel()
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: time) {
            self.advance { race in race.woken(at: self.eventLoop.now) }
        }
    }

    private func begin(_ attempt: Race.Attempt) {
        guard targets.indices.contains(attempt.target) else { return }
        let port = Int(targets[attempt.target].port)
        let run = NIOLoopBound(self, eventLoop: eventLoop)
        do {
            let address = try SocketAddress(ipAddress: "\(attempt.address)", port: port)
            ClientBootstrap(group: eventLoop)
                .connectTimeout(Connector.attemptTime)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    run.value.opened(channel, attempt)
                    return channel.eventLoop.makeSucceededVoidFuture()
                }
                .connect(to: address)
                .whenComplete { result in run.value.finished(attempt, result) }
        } catch {
            finished(attempt, .failure(error))
        }
    }

    private func opened(_ channel: any Channel, _ attempt: Race.Attempt) {
        // What is cancelled before it has begun to connect is closed when that has failed or not.
        if !isOver { channels[attempt.id] = channel }
    }

    private func finished(_ attempt: Race.Attempt, _ result: Result<any Channel, any Error>) {
        channels[attempt.id] = nil
        switch result {
        case .success(let channel):
            var isWinner = false
            advance { race in
                let (wins, actions) = race.connected(attempt.id)
                isWinner = wins
                return actions
            }
            guard isWinner, !isOver, targets.indices.contains(attempt.target) else {
                return channel.close(promise: nil)
            }
            let target = targets[attempt.target]
            let isSecure = isSecure[attempt.target]?[attempt.address.family] ?? false
            end(
                .success(
                    Connected(
                        channel: channel,
                        target: target,
                        address: attempt.address,
                        isSecure: target.isSecure && isSecure
                    )
                )
            )
        case .failure(let error):
            guard !isOver, targets.indices.contains(attempt.target) else { return }
            let target = targets[attempt.target]
            failures.append(
                ConnectError.Failure(
                    target: target,
                    address: attempt.address,
                    reason: ConnectWords.words(of: error, "\(attempt.address)")
                )
            )
            advance { race in race.failed(attempt.id, at: eventLoop.now) }
        }
    }

    private func lost() {
        // That the domain's own host has no address says nothing then.
        if let unanswered, failures.isEmpty { return fail(.lookUp(unanswered)) }
        let tried = Set(failures.map(\.target))
        for (index, target) in targets.enumerated() where !tried.contains(target) {
            let reason = lookUps[index].map { "\($0)" } ?? ConnectError.Failure.noAddress
            failures.append(ConnectError.Failure(target: target, address: nil, reason: reason))
        }
        fail(.unreachable(failures))
    }

    private func fail(_ reason: ConnectError.Reason) {
        end(.failure(ConnectError(domain: domain, reason: reason)))
    }

    private func end(_ result: Result<Connected, ConnectError>) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        advance { race in race.end() }
        for ticket in tickets { resolver.cancel(ticket) }
        tickets = []
        switch result {
        case .success(let connected): connecting.promise.succeed(connected)
        case .failure(let error):
            failure = error
            tellFailure()
        }
        connecting.ending.succeed()
    }
}

/// Names that mean this machine, whatever name servers say (RFC 6761 §6.3).
enum LocalName {
    static let addresses = ["::1", "127.0.0.1"].compactMap { IPAddress($0) }

    static func isLocal(_ domain: String) -> Bool {
        let name = domain.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost")
    }
}
