import Modules
import Synchronization
import XMPP

/// What clients are told with their streams of what the server can do (XEP-0115 §6.3), so that they
/// need not ask.
///
/// Asked by all event loops; other components may change it.
final class SessionFeatures: Sendable {
    private let elements: Mutex<[Element]>

    init(_ world: World) {
        elements = Mutex(Self.elements(world))
    }

    var current: [Element] { elements.withLock { $0 } }

    func replace(with world: World) {
        let new = Self.elements(world)
        elements.withLock { $0 = new }
    }

    private static func elements(_ world: World) -> [Element] {
        DiscoModule.serverCapabilities(in: world).map { [$0.element] } ?? []
    }
}
