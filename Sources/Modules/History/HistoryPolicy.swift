import XMPP

/// How much of each node's past is kept.
package struct HistoryPolicy: Sendable, Hashable {
    /// How much is kept of one resolution.
    package struct Retention: Sendable, Hashable {
        package var age: Duration
        package var records: Int
        package var bytes: Int

        package init(age: Duration, records: Int, bytes: Int) {
            self.age = age
            self.records = records
            self.bytes = bytes
        }

        /// How far a node goes past its age before it is trimmed: an eighth of it.
        ///
        /// Past its bytes it goes an eighth of those and one record.
        var slack: Duration { max(age / 8, .seconds(60)) }
    }

    /// A day of minutes, 4 MiB a node with the hours: what fills a dashboard's graphs.
    ///
    /// An eighth more records than a day has minutes, so that the age decides.
    package var minute = Retention(age: .seconds(86_400), records: 1_620, bytes: 2 << 20)
    /// Ninety days of hours.
    package var hour = Retention(age: .seconds(90 * 86_400), records: 2_430, bytes: 2 << 20)

    package init() {}

    package subscript(_ resolution: HistoryResolution) -> Retention {
        switch resolution {
        case .minute: minute
        case .hour: hour
        }
    }

    /// What has to go once there is a record that starts at `moment`.
    func trim(_ resolution: HistoryResolution, at moment: Instant) -> HistoryTrim {
        let retention = self[resolution]
        return HistoryTrim(
            resolution,
            before: moment + (.zero - retention.age),
            records: retention.records,
            bytes: retention.bytes
        )
    }
}
