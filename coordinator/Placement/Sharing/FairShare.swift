package import ClusterTypes

/// Amounts that slots hold, or that the cluster has.
package struct HeldAmounts: Hashable, Sendable {
    package var milliCPU: Int64
    package var memoryMebibytes: Int64
    /// In 1/1000 of a device, of any type.
    package var deviceShares: Int64

    package init(milliCPU: Int64 = 0, memoryMebibytes: Int64 = 0, deviceShares: Int64 = 0) {
        self.milliCPU = milliCPU
        self.memoryMebibytes = memoryMebibytes
        self.deviceShares = deviceShares
    }

    package static let none = HeldAmounts()

    package static func + (left: Self, right: Self) -> Self {
        HeldAmounts(
            milliCPU: left.milliCPU + right.milliCPU,
            memoryMebibytes: left.memoryMebibytes + right.memoryMebibytes,
            deviceShares: left.deviceShares + right.deviceShares)
    }

    package static func - (left: Self, right: Self) -> Self {
        HeldAmounts(
            milliCPU: left.milliCPU - right.milliCPU,
            memoryMebibytes: left.memoryMebibytes - right.memoryMebibytes,
            deviceShares: left.deviceShares - right.deviceShares)
    }

    package static func += (left: inout Self, right: Self) { left = left + right }
    package static func -= (left: inout Self, right: Self) { left = left - right }
}

/// Amounts times seconds; what is longer ago counts less.
package struct DecayedUsage: Hashable, Sendable {
    package var milliCPUSeconds: Double
    package var memoryMebibyteSeconds: Double
    package var deviceShareSeconds: Double

    package init(
        milliCPUSeconds: Double = 0, memoryMebibyteSeconds: Double = 0, deviceShareSeconds: Double = 0
    ) {
        self.milliCPUSeconds = milliCPUSeconds
        self.memoryMebibyteSeconds = memoryMebibyteSeconds
        self.deviceShareSeconds = deviceShareSeconds
    }

    package static let none = DecayedUsage()

    package static func + (left: Self, right: Self) -> Self {
        DecayedUsage(
            milliCPUSeconds: left.milliCPUSeconds + right.milliCPUSeconds,
            memoryMebibyteSeconds: left.memoryMebibyteSeconds + right.memoryMebibyteSeconds,
            deviceShareSeconds: left.deviceShareSeconds + right.deviceShareSeconds)
    }

    /// Nobody's order depends on so little: less than a thousandth of a core, of a MiB and of a device for a second.
    package var isForgotten: Bool {
        milliCPUSeconds < 1 && memoryMebibyteSeconds < 1 && deviceShareSeconds < 1
    }

    /// The largest of its shares of what the cluster has, times seconds: 60 is the whole cluster for a minute.
    package func dominant(of cluster: HeldAmounts) -> Double {
        func share(_ used: Double, _ total: Int64) -> Double { total > 0 ? used / Double(total) : 0 }
        return max(
            share(milliCPUSeconds, cluster.milliCPU), share(memoryMebibyteSeconds, cluster.memoryMebibytes),
            share(deviceShareSeconds, cluster.deviceShares))
    }
}

/// How much each virtual cluster, and each user in it, has had lately: usage that loses half of its weight in a
/// half-life, so that whoever had little comes first and old debts are forgotten.
///
/// Nothing ticks: between two changes of what an account holds its usage is known in closed form. The arithmetic is
/// that of IEEE 754 alone (no library's exponential), so that it is the same everywhere.
package struct FairShare: Sendable {
    /// Whose usage it is; a virtual cluster of nil is that of all jobs without one.
    package enum Party: Hashable, Sendable {
        case virtualCluster(String?)
        case user(String, in: String?)
    }

    package struct Account: Hashable, Sendable {
        /// Held since `asOf`.
        package var held: HeldAmounts
        /// Until `asOf`.
        package var usage: DecayedUsage
        package var asOf: Instant
    }

    /// A day: last night's run of a week's work weighs more than the week before, and a weekend's is a quarter on Monday.
    package static let defaultHalfLife = Duration.seconds(86_400)

    /// What is held now counts as held for so long already: within one round, where no time passes, slots go to one
    /// after the other. A minute: no weight against a day, and enough to tell who has just been given more.
    private static let foresightSeconds = 60.0

    private let halfLifeSeconds: Double
    private var accounts = OrderedTable<Party, Account>()

    package init(halfLife: Duration = Self.defaultHalfLife) {
        halfLifeSeconds = Double(max(1, halfLife.wholeMicroseconds)) / 1_000_000
    }

    // MARK: What is held

    /// From now on the user holds so much more, or less.
    package mutating func note(
        _ change: HeldAmounts, by user: String, in virtualCluster: String?, at now: Instant
    ) {
        for party in [Party.virtualCluster(virtualCluster), .user(user, in: virtualCluster)] {
            var account = self.account(of: party, at: now)
            account.held += change
            accounts[party] = account
        }
    }

    /// Takes up what was known of a user before; to be called before anything is noted.
    package mutating func restore(
        _ usage: DecayedUsage, of user: String, in virtualCluster: String?, asOf instant: Instant,
        at now: Instant
    ) {
        let party = Party.user(user, in: virtualCluster)
        accounts[party] = Account(held: .none, usage: usage, asOf: min(instant, now))
        var whole = account(of: .virtualCluster(virtualCluster), at: now)
        whole.usage = whole.usage + decayed(usage, over: now - min(instant, now))
        accounts[.virtualCluster(virtualCluster)] = whole
    }

    // MARK: What was used

    package func usage(of party: Party, at now: Instant) -> DecayedUsage {
        account(of: party, at: now).usage
    }

    package func held(by party: Party) -> HeldAmounts { accounts[party]?.held ?? .none }

    /// Those whose row of an earlier moment is not true any more: they have held something since.
    package func users(heldSince instant: Instant) -> [(name: String, virtualCluster: String?)] {
        users.filter { user in
            guard let account = accounts[.user(user.name, in: user.virtualCluster)] else { return false }
            return account.held != .none || account.asOf >= instant
        }
    }

    /// Those that hold or have held something, in the order in which they first did.
    package var users: [(name: String, virtualCluster: String?)] {
        accounts.keys.compactMap { party in
            guard case .user(let name, let virtualCluster) = party else { return nil }
            return (name, virtualCluster)
        }
    }

    /// Forgets users of whom nothing is left.
    /// - Returns: whom.
    package mutating func forgetIdle(at now: Instant) -> [(name: String, virtualCluster: String?)] {
        let idle = users.filter { user in
            let account = account(of: .user(user.name, in: user.virtualCluster), at: now)
            return account.held == .none && account.usage.isForgotten
        }
        for user in idle { accounts[.user(user.name, in: user.virtualCluster)] = nil }
        return idle
    }

    /// Brought up to this moment; an earlier one than the account's changes nothing.
    private func account(of party: Party, at now: Instant) -> Account {
        guard var account = accounts[party] else { return Account(held: .none, usage: .none, asOf: now) }
        guard now > account.asOf else { return account }
        account.usage = usage(of: account, after: now - account.asOf)
        account.asOf = now
        return account
    }

    private func decayed(_ usage: DecayedUsage, over time: Duration) -> DecayedUsage {
        self.usage(of: Account(held: .none, usage: usage, asOf: .epoch), after: time)
    }

    /// U·d + r·(H/ln 2)·(1 - d), with d = 2^(-t/H).
    private func usage(of account: Account, after time: Duration) -> DecayedUsage {
        let decay = Decay(halfLives: Double(time.wholeMicroseconds) / 1_000_000 / halfLifeSeconds)
        let gain = decay.lost * halfLifeSeconds * Decay.perLogarithmOfTwo
        let old = account.usage
        let held = account.held
        return DecayedUsage(
            milliCPUSeconds: old.milliCPUSeconds * decay.kept + Double(held.milliCPU) * gain,
            memoryMebibyteSeconds: old.memoryMebibyteSeconds * decay.kept
                + Double(held.memoryMebibytes) * gain,
            deviceShareSeconds: old.deviceShareSeconds * decay.kept + Double(held.deviceShares) * gain)
    }
}

/// Where work of one user in one virtual cluster stands: the least goes first.
package struct Standing: Hashable, Comparable, Sendable {
    /// Of the virtual cluster, for each unit of its weight.
    package var clusterUsage: Double
    /// Of the user in it.
    package var userUsage: Double

    package init(clusterUsage: Double, userUsage: Double) {
        self.clusterUsage = clusterUsage
        self.userUsage = userUsage
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.clusterUsage, left.userUsage) < (right.clusterUsage, right.userUsage)
    }
}

extension FairShare {
    /// - Parameters:
    ///   - weight: of the virtual cluster, above 0: with 2 it is due twice as much as with 1.
    ///   - cluster: all that nodes have.
    package func standing(
        of user: String, in virtualCluster: String?, weight: Double, cluster: HeldAmounts, at now: Instant
    ) -> Standing {
        Standing(
            clusterUsage: foreseen(.virtualCluster(virtualCluster), at: now).dominant(of: cluster) / weight,
            userUsage: foreseen(.user(user, in: virtualCluster), at: now).dominant(of: cluster))
    }

    private func foreseen(_ party: Party, at now: Instant) -> DecayedUsage {
        let account = account(of: party, at: now)
        let time = Self.foresightSeconds
        return account.usage
            + DecayedUsage(
                milliCPUSeconds: Double(account.held.milliCPU) * time,
                memoryMebibyteSeconds: Double(account.held.memoryMebibytes) * time,
                deviceShareSeconds: Double(account.held.deviceShares) * time)
    }
}
