import Configuration
import Logging
import Modules
import Transport
import XMPP

// What SIGHUP has the server read again: certificates and components.
extension Server {
    func reload() async {
        reloadCertificates()
        do {
            guard let read = try readConfiguration?() else { return }
            try await apply(read)
        } catch {
            log.error("the components stay as they were: \(error)")
        }
    }

    private func reloadCertificates() {
        guard let tls else { return }
        do {
            guard let context = try Self.tlsContext(configuration) else { return }
            let shown = try Self.credentials(configuration)
            tls.replace(with: context)
            credentials.replace(with: shown)
            log.info("certificates read again: \(context.describe())")
            for warning in context.warnings(of: configuration.domains) { log.warning("\(warning)") }
        } catch {
            log.error("the certificates stay as they were: \(error)")
        }
    }

    /// Makes the components those of another configuration, and says what it can't change.
    private func apply(_ read: ServerConfiguration) async throws {
        let read = try read.prepared()
        if let taken = read.components.first(where: { world.serves($0.domain) }) {
            throw Failure(2, "\(taken.domain) is served as something else until a restart")
        }
        for warning in read.warnings { log.warning("\(warning)") }
        // Its own port may be taken; then all stays.
        if !read.components.isEmpty { try await openComponentListener() }
        var applied = configuration
        applied.components = read.components
        let changed = Self.world(applied, directory.groups)
        sessionFeatures.replace(with: changed)
        // Before the first that is new attaches, all loops know what it may do.
        for host in hosts { await host.replaceComponents(with: changed) }
        let changes = components.replace(with: read.components)
        for (session, error) in changes.ended {
            await hosts[placement.loop(of: session)].take([.end(session, error)])
        }
        if read.components.isEmpty { await closeComponentListener() }
        if !changes.isEmpty {
            log.notice("components read again: \(changes)")
        }
        let keys = read.keysForRestart(of: configuration).joined(separator: ", ")
        if !keys.isEmpty { log.warning("changed, and left for the next start: \(keys)") }
    }
}

extension LoopHost {
    /// Takes the components that another world has, and what they may do.
    func replaceComponents(with other: World) {
        shard.replaceComponents(with: other)
    }
}
