/// What each virtual cluster has of one type of device, when a part of the devices is out of service.
///
/// With quotas Qi, their sum ΣQ, what is used Ui, and R, by which the devices in service fall short of ΣQ:
///
///     Qi'  = Qi - R·Qi/ΣQ           each bears its part of what is missing
///     Qi'' = max(Qi' - Ui, 0)       what is left to it
///     Ai   = floor(A·Qi''/ΣQ'')     its part of the A devices that are free
///
/// All of it is computed exactly, and rounded once, at the end. A virtual cluster never has more available than its
/// quota leaves it.
package enum VirtualClusterShares {
    /// Of one virtual cluster, in whole devices.
    package struct Claim: Hashable, Sendable {
        package var quota: UInt32
        /// May be above the quota: what runs is not stopped.
        package var used: UInt32

        package init(quota: UInt32, used: UInt32) {
            self.quota = quota
            self.used = used
        }
    }

    /// Of the whole cluster, in whole devices.
    package struct Stock: Hashable, Sendable {
        package var total: UInt32
        /// In service, and held by no work that must not be stopped.
        package var available: UInt32
        /// Out of service, or on nodes that take no work.
        package var unschedulable: UInt32

        package init(total: UInt32, available: UInt32, unschedulable: UInt32) {
            self.total = total
            self.available = available
            self.unschedulable = unschedulable
        }
    }

    /// Where `used` is not above `total`, `used + available + unschedulable` is `total`.
    package struct Share: Hashable, Sendable {
        /// The quota.
        package var total: UInt32
        package var used: UInt32
        package var available: UInt32
        /// What of the quota can be had neither now nor by waiting for its own work to end.
        package var unschedulable: UInt32

        package init(total: UInt32, used: UInt32, available: UInt32, unschedulable: UInt32) {
            self.total = total
            self.used = used
            self.available = available
            self.unschedulable = unschedulable
        }
    }

    /// - Returns: one share for each claim, in their order.
    package static func divide(_ stock: Stock, among claims: [Claim]) -> [Share] {
        let sum = claims.reduce(into: Int128(0)) { $0 += Int128($1.quota) }
        let missing = max(sum - (Int128(stock.total) - Int128(stock.unschedulable)), 0)
        // Qi'' times ΣQ: whole numbers.
        let left = claims.map { claim in
            max(Int128(claim.quota) * (sum - missing) - Int128(claim.used) * sum, 0)
        }
        let leftInAll = left.reduce(0, +)
        return zip(claims, left).map { claim, left in
            let unused = claim.quota - min(claim.used, claim.quota)
            let part = leftInAll == 0 ? 0 : Int128(stock.available) * left / leftInAll
            let available = UInt32(min(part, Int128(unused)))
            return Share(
                total: claim.quota, used: claim.used, available: available,
                unschedulable: unused - available)
        }
    }
}
