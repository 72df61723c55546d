import Modules

/// What the server speaks, for the documentation: made from the code, so that it is true.
enum SpecificationTable {
    /// Followed by the streams and the addresses, which are no modules.
    private static let core = [
        Specification("RFC 6120", version: "2011", leftOut: "SASL EXTERNAL of clients"),
        Specification("RFC 7590", version: "2015"),
        Specification("RFC 7622", version: "2015"),
        Specification("RFC 5802, 7677", version: "SCRAM-SHA-1, SCRAM-SHA-256 and -PLUS"),
        Specification("RFC 7673", version: "2015", leftOut: "servers that connect to us"),
        Specification("RFC 9266", version: "2022"),
        Specification("RFC 9525", version: "2023", leftOut: "SRV and URI names"),
        Specification("XEP-0114", version: "1.6"),
        Specification("XEP-0178", version: "1.2", leftOut: "clients"),
        Specification("XEP-0185", version: "1.0"),
        Specification(
            "XEP-0198",
            version: "1.6.3",
            leftOut: "clients, and resumption: acknowledgements between servers only"
        ),
        Specification("XEP-0220", version: "1.1.1"),
        Specification(
            "XEP-0225",
            version: "0.2",
            leftOut: "SASL EXTERNAL; hostnames with a resource; the component's side"
        ),
        Specification(
            "XEP-0288",
            version: "1.0.1",
            leftOut: "further domains of the peer's on a stream that we opened"
        ),
        Specification("XEP-0368", version: "1.1.0"),
        Specification("XEP-0440", version: "1.0.0"),
    ]

    /// `docs/specifications.md`.
    static var markdown: String {
        var lines = [
            "# What the server speaks", "",
            "Made from the code by `lapwing-server --specifications`.", "",
            "| specification | version | left out |", "|---|---|---|",
        ]
        let modules = Server.modules.flatMap { $0.specifications }
        for specification in (core + modules).sorted(by: { $0.name < $1.name }) {
            lines.append(
                "| \(specification.name) | \(specification.version) "
                    + "| \(specification.leftOut ?? "") |"
            )
        }
        return lines.joined(separator: "\n")
    }
}
