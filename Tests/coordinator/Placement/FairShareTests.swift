import ClusterTypes
import CoordinatorPlacement
import Testing

@Suite("Fair share")
struct FairShareTests {
    private static let day = Duration.seconds(86_400)
    private static let cluster = HeldAmounts(milliCPU: 100_000, memoryMebibytes: 100_000, deviceShares: 8_000)

    private static func cores(_ cores: Int64) -> HeldAmounts { HeldAmounts(milliCPU: cores * 1_000) }

    private static func cpu(_ share: FairShare, _ user: String, at now: Instant) -> Double {
        share.usage(of: .user(user, in: nil), at: now).milliCPUSeconds
    }

    @Test("A short time counts as it is, and half of it after a half-life")
    func halves() {
        var share = FairShare()
        let start = Instant.epoch + .seconds(1_000_000)
        share.note(Self.cores(2), by: "ada", in: nil, at: start)
        let end = start + .seconds(10)
        #expect(abs(Self.cpu(share, "ada", at: end) - 20_000) < 2)
        share.note(.none - Self.cores(2), by: "ada", in: nil, at: end)
        let used = Self.cpu(share, "ada", at: end)
        for (days, part) in [(1, 0.5), (2, 0.25), (10, 1.0 / 1_024)] {
            let later = Self.cpu(share, "ada", at: end + Self.day * days)
            #expect(abs(later / used - part) < 1e-12)
        }
        #expect(Self.cpu(share, "ada", at: end + Self.day * 2_000) == 0)
        #expect(Self.cpu(share, "ada", at: start) == used, "an earlier moment changes nothing")
    }

    @Test("What is held for ever counts as much as its half-life divided by ln 2")
    func settles() {
        var share = FairShare()
        share.note(Self.cores(1), by: "ada", in: nil, at: .epoch)
        let usage = Self.cpu(share, "ada", at: .epoch + Self.day * 100)
        #expect(abs(usage / (1_000 * 86_400 / 0.693_147_180_559_945_3) - 1) < 1e-12)
    }

    @Test("How often an account is brought up to date makes no difference")
    func pieces() {
        var once = FairShare()
        var often = FairShare()
        once.note(Self.cores(3), by: "ada", in: "a", at: .epoch)
        for hour in 0..<48 {
            let now = Instant.epoch + .seconds(3_600 * hour)
            often.note(hour == 0 ? Self.cores(3) : .none, by: "ada", in: "a", at: now)
        }
        let now = Instant.epoch + Self.day * 3
        for party in [FairShare.Party.virtualCluster("a"), .user("ada", in: "a")] {
            let first = once.usage(of: party, at: now).milliCPUSeconds
            let second = often.usage(of: party, at: now).milliCPUSeconds
            #expect(abs(first / second - 1) < 1e-12)
        }
    }

    @Test("The resource of which one has the largest share counts")
    func dominates() {
        let usage = DecayedUsage(
            milliCPUSeconds: 100_000, memoryMebibyteSeconds: 50_000, deviceShareSeconds: 16_000)
        #expect(usage.dominant(of: Self.cluster) == 2)
        #expect(usage.dominant(of: HeldAmounts(milliCPU: 50_000)) == 2)
        #expect(usage.dominant(of: .none) == 0)
    }

    @Test("Whose virtual cluster has had the least for its weight goes first, then who has in it")
    func order() {
        var share = FairShare()
        share.note(Self.cores(4), by: "ada", in: "a", at: .epoch)
        share.note(Self.cores(6), by: "bob", in: "b", at: .epoch)
        share.note(Self.cores(1), by: "cyd", in: "b", at: .epoch)
        let now = Instant.epoch + .seconds(60)
        func standing(_ user: String, _ name: String, _ weight: Double) -> Standing {
            share.standing(of: user, in: name, weight: weight, cluster: Self.cluster, at: now)
        }
        #expect(standing("ada", "a", 1) < standing("cyd", "b", 1))
        #expect(standing("cyd", "b", 2) < standing("ada", "a", 1))
        #expect(standing("cyd", "b", 2) < standing("bob", "b", 2))
        #expect(standing("eve", "c", 1) < standing("cyd", "b", 2))
    }

    @Test("What is restored is what was known, with what was held meanwhile")
    func restores() {
        var share = FairShare()
        share.note(Self.cores(2), by: "ada", in: "a", at: .epoch)
        share.note(Self.cores(1), by: "bob", in: "a", at: .epoch)
        let written = Instant.epoch + .seconds(7_200)
        let now = written + .seconds(300)
        var other = FairShare()
        for user in ["ada", "bob"] {
            other.restore(
                share.usage(of: .user(user, in: "a"), at: written), of: user, in: "a", asOf: written,
                at: written)
        }
        other.note(Self.cores(2), by: "ada", in: "a", at: written)
        other.note(Self.cores(1), by: "bob", in: "a", at: written)
        for party in [FairShare.Party.virtualCluster("a"), .user("ada", in: "a"), .user("bob", in: "a")] {
            let before = share.usage(of: party, at: now).milliCPUSeconds
            #expect(abs(other.usage(of: party, at: now).milliCPUSeconds / before - 1) < 1e-12)
        }
    }

    @Test("Who holds nothing is forgotten when nothing is left of his usage, and not before")
    func forgets() {
        var share = FairShare()
        share.note(Self.cores(1), by: "ada", in: nil, at: .epoch)
        share.note(Self.cores(1), by: "bob", in: nil, at: .epoch)
        let end = Instant.epoch + .seconds(3_600)
        share.note(.none - Self.cores(1), by: "ada", in: nil, at: end)
        #expect(share.forgetIdle(at: end + Self.day).isEmpty)
        #expect(share.forgetIdle(at: end + Self.day * 30).map(\.name) == ["ada"])
        #expect(share.users.map(\.name) == ["bob"])
        #expect(share.held(by: .virtualCluster(nil)) == Self.cores(1))
    }

    /// 100 slots of 1 core, each for 10 to 60 minutes; whoever stands first gets the next that is free.
    /// - Returns: core seconds that each was given in the last `days`.
    private static func give(
        _ users: [(name: String, cluster: String?, weight: Double)], after past: [Double], days: Int,
        seed: UInt64
    ) -> [Double] {
        var random = SeededRandom(seed: seed)
        var share = FairShare()
        var now = Instant.epoch + .seconds(1)
        for (user, past) in zip(users, past) {
            share.restore(
                DecayedUsage(milliCPUSeconds: past), of: user.name, in: user.cluster, asOf: now, at: now)
        }
        var ends = DeadlineQueue<SlotID>()
        var holders: [SlotID: (user: Int, since: Instant)] = [:]
        var given = users.map { _ in 0.0 }
        let settled = now + day * 10
        let end = settled + day * days
        var last: UInt64 = 0
        while now < end {
            for slot in ends.popExpired(at: now) {
                guard let (user, since) = holders.removeValue(forKey: slot) else { continue }
                share.note(.none - cores(1), by: users[user].name, in: users[user].cluster, at: now)
                let counted = max(since, settled)
                if now > counted { given[user] += Double((now - counted).wholeMicroseconds) / 1e6 }
            }
            while holders.count < 100 {
                let standings = users.map {
                    share.standing(of: $0.name, in: $0.cluster, weight: $0.weight, cluster: cluster, at: now)
                }
                guard let first = standings.indices.min(by: { standings[$0] < standings[$1] }) else { break }
                last += 1
                holders[SlotID(last)] = (first, now)
                ends.set(SlotID(last), to: now + .seconds(Int64.random(in: 600...3_600, using: &random)))
                share.note(cores(1), by: users[first].name, in: users[first].cluster, at: now)
            }
            now = ends.earliest ?? end
        }
        return given
    }

    @Test(
        "Two users who always want more get the same, whatever came before", arguments: [1, 2, 3] as [UInt64])
    func equalUsers(seed: UInt64) {
        let given = Self.give(
            [("ada", nil, 1), ("bob", nil, 1)], after: [0, 8_640_000_000], days: 10, seed: seed)
        #expect(abs(given[0] / given[1] - 1) < 0.02, "\(given)")
    }

    @Test("Two virtual clusters get what their weights say", arguments: [1, 2, 3] as [UInt64])
    func weightedClusters(seed: UInt64) {
        let given = Self.give(
            [("ada", "a", 1), ("bob", "b", 2), ("cyd", "b", 2)], after: [0, 8_640_000_000, 0], days: 10,
            seed: seed)
        #expect(abs((given[1] + given[2]) / given[0] - 2) < 0.05, "\(given)")
        #expect(abs(given[1] / given[2] - 1) < 0.03, "\(given)")
    }
}
