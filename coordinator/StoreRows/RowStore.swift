package import CoordinatorStore

/// A store whose tables can be read and written row by row: to be checked, and copied into another one.
package protocol RowStore: Store {
    associatedtype Connection: RowConnection

    /// Of the tables; and what it was when the store was opened, empty for a new one.
    var schemaVersion: (now: String, before: String) { get }

    /// - Throws: `StoreError`.
    func readRows<Result>(_ body: (Connection) throws -> Result) throws -> Result

    /// In one transaction.
    /// - Throws: `StoreError`.
    func changeRows<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result
}

extension RowStore {
    /// It holds a part of another store, of which the rest did not come.
    package var isUnfinishedCopy: Bool {
        get throws { try readRows { try StoreCopy.isUnfinished(on: $0) } }
    }
}
