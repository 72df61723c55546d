/// The SASL negotiation of one stream, the client's side (RFC 6120 §6): one exchange by the best
/// mechanism that both know.
///
/// States, in order: asked; done. There is no second attempt: the same password fails again, and a
/// weaker mechanism is what an attacker would like.
struct ClientAuthentication {
    /// The `<auth/>` that begins it.
    let request: Element
    private var exchange: Exchange

    private enum Exchange {
        case plain
        case scram(ScramClient)
        case done
    }

    /// What was chosen from a server's offer.
    struct Choice: Equatable {
        var mechanism: SASLMechanism
        var binding: ScramClient.Binding
    }

    /// What comes of the server's answer.
    enum Step: Equatable {
        case reply(Element)
        case succeeded
        case failed(ClientStreamFailure)
        /// The server is told that we go no further.
        case abort(ClientStreamFailure)
        /// No step of a SASL exchange at all.
        case unexpected
    }

    init(
        _ choice: Choice,
        username: String,
        password: Password,
        nonce: String,
        keys: ScramKeys?
    ) {
        let response: [UInt8]
        if let digest = choice.mechanism.digest {
            let scram = ScramClient(
                digest,
                username: username,
                password: password,
                binding: choice.binding,
                nonce: nonce,
                keys: keys
            )
            response = scram.initialResponse
            exchange = .scram(scram)
        } else {
            let text = String(decoding: password.bytes, as: UTF8.self)
            response = PlainMessage(username: username, password: text).bytes
            exchange = .plain
        }
        request = Element(
            "auth",
            Namespace.sasl,
            attributes: [.init("mechanism", choice.mechanism.rawValue)],
            children: [.text(Base64.encode(response))]
        )
    }

    /// What the password became; nil when no exchange came that far.
    var scramKeys: ScramKeys? {
        switch exchange {
        case .scram(let scram): scram.keys
        case .plain, .done: nil
        }
    }
}

// MARK: - Choosing

extension ClientAuthentication {
    /// The best of what the server offers and we may use; `bindings` is nil without TLS.
    static func choose(
        _ features: Element,
        allowed: [SASLMechanism],
        bindings: ChannelBindings?
    ) throws(ClientStreamFailure) -> Choice {
        let names = features.child("mechanisms", Namespace.sasl)?.elements.map(\.text) ?? []
        let offered = SASLMechanism.allCases.filter { names.contains($0.rawValue) }
        let mayBind = allowed.contains(where: \.bindsChannel)
        let ours = mayBind ? (bindings ?? .none) : .none
        let listed = ChannelBindings.types(in: features)
        let offersBinding = names.contains { $0.hasSuffix("-PLUS") }
        // XEP-0440 §3: types without a mechanism to use them with, or mechanisms without a type
        // that we have, mean that somebody has changed the offer on its way.
        if ours != .none, !offersBinding, let listed, !listed.isEmpty {
            throw .noMechanism(offered: names)
        }
        let type = ours.types.first { listed?.contains($0) ?? true }
        if ours != .none, offersBinding, type == nil { throw .noMechanism(offered: names) }
        let usable = offered.first { mechanism in
            allowed.contains(mechanism)
                && (type != nil || !mechanism.bindsChannel)
                && (bindings != nil || mechanism != .plain)
        }
        guard let mechanism = usable else { throw .noMechanism(offered: names) }
        guard mechanism.bindsChannel, let type, let data = ours[type] else {
            // `y` says that we would have bound (RFC 5802 §6): false where the server offers it.
            let wouldBind = ours != .none && !offersBinding
            return Choice(
                mechanism: mechanism,
                binding: wouldBind ? .notOffered : .unsupported
            )
        }
        return Choice(mechanism: mechanism, binding: .bound(type, data))
    }
}

// MARK: - Answers

extension ClientAuthentication {
    /// Whatever the server sends while it authenticates us.
    mutating func received(_ element: Element) -> Step {
        guard element.namespace == Namespace.sasl else { return .unexpected }
        switch element.name {
        case "challenge": return challenged(element)
        case "success": return succeeded(element)
        case "failure":
            return .failed(.authenticationFailed(SASLFailure(reading: element)))
        default: return .unexpected
        }
    }

    private mutating func challenged(_ element: Element) -> Step {
        guard case .scram(var scram) = takeExchange() else {
            return .abort(.serverNotAuthentic("a challenge to PLAIN"))
        }
        guard let message = Base64.decode(element.text) else {
            return .abort(.serverNotAuthentic("a challenge that is not base64"))
        }
        do throws(ScramClientError) {
            let answer = try scram.received(message)
            exchange = .scram(scram)
            return .reply(Element("response", Namespace.sasl, text: Base64.encode(answer)))
        } catch {
            return .abort(.serverNotAuthentic(error.rawValue))
        }
    }

    private mutating func succeeded(_ element: Element) -> Step {
        switch takeExchange() {
        case .plain:
            return .succeeded
        case .scram(var scram):
            if !scram.isComplete {
                guard let message = Base64.decode(element.text), scram.isProven else {
                    return .failed(.serverNotAuthentic("success without a proof"))
                }
                do throws(ScramClientError) {
                    _ = try scram.received(message)
                } catch {
                    return .failed(.serverNotAuthentic(error.rawValue))
                }
            }
            exchange = .scram(scram)
            return .succeeded
        case .done:
            return .failed(.serverNotAuthentic("success after the end"))
        }
    }

    private mutating func takeExchange() -> Exchange {
        var taken = Exchange.done
        swap(&taken, &exchange)
        return taken
    }
}
