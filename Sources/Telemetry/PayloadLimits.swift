/// What a payload may hold; more is refused when read and left out when written.
package enum PayloadLimits {
    /// Bytes of one payload (docs/protocol.md): small enough for every server's stanza limit.
    package static let bytes = 64 * 1024
    /// UTF-8 bytes of a name; a mount point may be a long path.
    package static let nameBytes = 1024
    /// UTF-8 bytes of a summary or a label's text.
    package static let textBytes = 4096
    /// Values of one sample or instance.
    package static let values = 256
    /// Instances of one sample: a `<i n='x'/>` is 10 bytes, so that no honest payload holds more.
    package static let instances = 6000
    /// Alerts of one list.
    package static let alerts = 1000
    /// Metrics that one birth describes.
    package static let metrics = 4000
}

/// Why a payload could not be read.
package enum PayloadError: Error, Hashable {
    /// Another element stands where this one was expected.
    case unexpected(String)
    case missing(String)
    case malformed(String)
    case tooMany(String)
}
