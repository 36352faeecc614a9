package import PostgreSQL

/// How a `PostgresStore` uses its server.
package struct PostgresOptions: Hashable, Sendable {
    /// Where the tables are. One schema holds one cluster; lower-case letters, digits and '_'.
    package var schema = "mortise"
    package var connection = ConnectionOptions.defaults
    /// Connections that read at the same time, beside the one that writes. 1...64.
    package var readers = 4
    /// How long a call goes on trying to reach a server that is gone, before it fails. 1...600 s. The driver keeps
    /// what failed and tries again.
    package var outageSeconds = 15

    /// How long after the server last agreed nobody else leads, `Store.lease`: below the 25 s after which the server gives
    /// up a connection whose other side is silent, and the lock with it. 1...20 s.
    package var leaseSeconds = 10

    package static let defaults = PostgresOptions()
    package init() {}
}
