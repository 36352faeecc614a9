import ClusterTypes
import CoordinatorBridge
import CoordinatorSchedulers
import Testing

/// What the bridge decides, look after look.
@Suite("Bridge to a foreign queue")
struct BridgeTests {
    private var settings: BridgeSettings {
        var settings = BridgeSettings(queue: "cloud", nodes: ["c1", "c2", "c3", "c4"])
        settings.idleWait = .seconds(600)
        return settings
    }

    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    /// - Parameter nodes: "c1 idle", "c2 busy", "c3 drained", "c4 draining", "c1 drained by-hand", "c2 down".
    private func look(waiting: Int = 0, running: Int = 0, _ nodes: String...) -> BridgeLook {
        var demand = SchedulerDemand()
        demand.waitingNodes = waiting
        demand.waitingJobs = waiting
        demand.runningJobs = running
        return BridgeLook(
            demand: demand,
            nodes: nodes.map { text in
                let words = text.split(separator: " ").map { String($0) }
                let isDraining = words[1].hasPrefix("drain")
                return BridgeLook.Node(
                    name: words[0], isUsable: words[1] == "idle" || words[1] == "busy",
                    hasJobs: words[1] == "busy" || words[1] == "draining",
                    drainReason: isDraining ? (words.count > 2 ? words[2] : "mortise-bridge [root@now]") : nil
                )
            })
    }

    private func finish(
        _ bridge: inout Bridge, _ orders: [BridgeOrder], succeeded: Bool = true, _ seconds: Int64
    ) -> [BridgeOrder] {
        orders.flatMap { bridge.finished($0, succeeded: succeeded, at: at(seconds)) }
    }

    /// A bridge whose first nodes serve since the second 0.
    private func serving(_ count: Int) -> Bridge {
        var bridge = Bridge(settings)
        let orders = bridge.look(look(waiting: count), at: at(0))
        _ = finish(&bridge, orders, 0)
        let names = settings.nodes.prefix(count).map { "\($0) busy" }
        _ = bridge.look(
            BridgeLook(demand: SchedulerDemand(), nodes: names.flatMap { look($0).nodes }), at: at(0))
        return bridge
    }

    @Test func `As many nodes are added as wait, in the order of their names, and at most all`() {
        var bridge = Bridge(settings)
        #expect(bridge.look(look(waiting: 2), at: at(0)) == [.add("c1"), .add("c2")])
        #expect(bridge.look(look(waiting: 2), at: at(4)).isEmpty, "those that come count")
        #expect(bridge.look(look(waiting: 9), at: at(8)) == [.add("c3"), .add("c4")])
        #expect(bridge.look(look(waiting: 9), at: at(12)).isEmpty, "a pool that is used up orders nothing")
        #expect(bridge.checkInvariants().isEmpty)
    }

    @Test func `A node that was made joins, and is ordered again until the scheduler uses it`() {
        var bridge = Bridge(settings)
        _ = bridge.look(look(waiting: 1, "c1 down"), at: at(0))
        #expect(bridge.finished(.add("c1"), succeeded: true, at: at(100)) == [.join("c1")])
        #expect(bridge.look(look(waiting: 1, "c1 down"), at: at(110)).isEmpty)
        #expect(bridge.look(look(waiting: 1, "c1 down"), at: at(130)) == [.join("c1")])
        #expect(
            bridge.look(look(waiting: 1, "c1 idle"), at: at(140)).isEmpty,
            "an idle node is for the job that waits")
        #expect(bridge.look(look(running: 1, "c1 busy"), at: at(144)).isEmpty)
    }

    @Test func `Machines that are there at the start are used, or taken away if nothing comes of them`() {
        var bridge = Bridge(settings)
        bridge.found(["c1", "c2"], at: at(0))
        #expect(bridge.present == ["c1", "c2"])
        #expect(
            bridge.look(look(waiting: 2, "c1 down", "c2 drained"), at: at(1)) == [.join("c1"), .join("c2")],
            "no other machines are made")
        #expect(bridge.look(look("c1 idle", "c2 down"), at: at(10)).isEmpty)
        #expect(bridge.look(look("c1 idle", "c2 down"), at: at(1_000)) == [.remove("c2"), .drain("c1")])
        var other = Bridge(settings)
        other.found(["c1", "c2"], at: at(0))
        _ = other.look(look("c1 draining", "c2 drained by-hand"), at: at(1))
        #expect(other.look(look("c1 drained", "c2 drained by-hand"), at: at(2_000)) == [.remove("c1")])
    }

    @Test func `A node that drained and is no longer known to the scheduler is taken away`() {
        var bridge = serving(1)
        _ = bridge.look(look("c1 idle"), at: at(10))
        #expect(bridge.look(look("c1 idle"), at: at(610)) == [.drain("c1")])
        _ = bridge.finished(.drain("c1"), succeeded: true, at: at(611))
        #expect(bridge.look(look(), at: at(620)) == [.remove("c1")])
    }

    @Test func `A node that never joins is taken away, and tried again later and later`() {
        var bridge = Bridge(settings)
        _ = bridge.look(look(waiting: 1), at: at(0))
        _ = bridge.finished(.add("c1"), succeeded: true, at: at(0))
        #expect(bridge.look(look(waiting: 1, "c1 down"), at: at(1_000)).contains(.remove("c1")))
        _ = bridge.finished(.remove("c1"), succeeded: true, at: at(1_010))
        #expect(!bridge.look(look(waiting: 4), at: at(1_020)).contains(.add("c1")))
        #expect(bridge.look(look(waiting: 4), at: at(1_070)) == [.add("c1")])
        #expect(bridge.finished(.add("c1"), succeeded: false, at: at(1_080)) == [.remove("c1")])
        _ = bridge.finished(.remove("c1"), succeeded: true, at: at(1_090))
        #expect(bridge.look(look(waiting: 4), at: at(1_190)).isEmpty)
        #expect(bridge.look(look(waiting: 4), at: at(1_210)) == [.add("c1")])
    }

    @Test func `An idle node goes after its wait, the last one first, drained before it is taken away`() {
        var bridge = serving(2)
        #expect(bridge.look(look("c1 idle", "c2 idle"), at: at(10)).isEmpty)
        #expect(bridge.look(look("c1 idle", "c2 idle"), at: at(609)).isEmpty)
        #expect(bridge.look(look("c1 busy", "c2 idle"), at: at(610)) == [.drain("c2")])
        _ = bridge.finished(.drain("c2"), succeeded: true, at: at(611))
        #expect(bridge.look(look("c1 busy", "c2 drained"), at: at(620)) == [.remove("c2")])
        #expect(bridge.look(look("c1 busy", "c2 drained"), at: at(630)).isEmpty)
        _ = bridge.finished(.remove("c2"), succeeded: true, at: at(640))
        #expect(bridge.present == ["c1"])
    }

    @Test func `A job that starts between a look and the drain ends in peace`() {
        var bridge = serving(1)
        _ = bridge.look(look("c1 idle"), at: at(0))
        #expect(bridge.look(look("c1 idle"), at: at(600)) == [.drain("c1")])
        _ = bridge.finished(.drain("c1"), succeeded: true, at: at(601))
        #expect(bridge.look(look(running: 1, "c1 draining"), at: at(610)).isEmpty)
        #expect(bridge.look(look(running: 1, "c1 draining"), at: at(9_000)).isEmpty)
        #expect(bridge.look(look("c1 drained"), at: at(9_010)) == [.remove("c1")])
    }

    @Test func `A job that arrives while a node drains gets it back at once`() {
        var bridge = serving(1)
        _ = bridge.look(look("c1 idle"), at: at(0))
        _ = bridge.look(look("c1 idle"), at: at(600))
        _ = bridge.finished(.drain("c1"), succeeded: true, at: at(601))
        #expect(bridge.look(look(running: 1, "c1 draining"), at: at(604)).isEmpty)
        #expect(
            bridge.look(look(waiting: 2, running: 1, "c1 draining"), at: at(608)) == [
                .resume("c1"), .add("c2"),
            ])
    }

    @Test func `A job that arrives while a node is idle needs no other, and its wait begins anew`() {
        var bridge = serving(1)
        _ = bridge.look(look("c1 idle"), at: at(0))
        #expect(bridge.look(look(waiting: 1, "c1 idle"), at: at(599)).isEmpty)
        #expect(bridge.look(look(running: 1, "c1 busy"), at: at(600)).isEmpty)
        #expect(bridge.look(look("c1 idle"), at: at(700)).isEmpty)
        #expect(bridge.look(look("c1 idle"), at: at(1_299)).isEmpty)
        #expect(bridge.look(look("c1 idle"), at: at(1_300)) == [.drain("c1")])
    }

    @Test func `Some nodes stay, if that is wanted`() {
        var settings = settings
        settings.keep = 1
        var bridge = Bridge(settings)
        _ = bridge.look(look("c1 idle", "c2 idle", "c3 idle"), at: at(0))
        #expect(
            bridge.look(look("c1 idle", "c2 idle", "c3 idle"), at: at(600)) == [.drain("c3"), .drain("c2")])
    }

    @Test func `After a restart, what the scheduler uses is there, and what was draining goes on`() {
        var bridge = Bridge(settings)
        #expect(bridge.look(look("c1 busy", "c2 idle", "c3 draining", "c4 down"), at: at(0)).isEmpty)
        #expect(bridge.present == ["c1", "c2", "c3"])
        #expect(
            bridge.look(look("c1 busy", "c2 idle", "c3 drained", "c4 down"), at: at(4)) == [.remove("c3")])
    }

    @Test func `A node that somebody else has drained is neither used nor taken away`() {
        var bridge = serving(2)
        #expect(bridge.look(look("c1 drained bad-disk", "c2 idle"), at: at(10)).isEmpty)
        #expect(
            bridge.look(look(waiting: 2, "c1 drained bad-disk", "c2 busy"), at: at(5_000)) == [
                .add("c3"), .add("c4"),
            ])
        #expect(bridge.look(look("c1 idle", "c2 busy"), at: at(5_010)).isEmpty)
        #expect(bridge.present.contains("c1"))
    }

    @Test func `A node that is down for long is taken away, one that comes back is not`() {
        var bridge = serving(2)
        #expect(bridge.look(look("c1 down", "c2 down"), at: at(10)).isEmpty)
        #expect(bridge.look(look("c1 down", "c2 busy"), at: at(900)).isEmpty)
        #expect(bridge.look(look("c1 down", "c2 busy"), at: at(1_010)) == [.remove("c1")])
    }

    @Test func `An order that failed is tried again`() {
        var bridge = serving(1)
        _ = bridge.look(look("c1 idle"), at: at(0))
        #expect(bridge.look(look("c1 idle"), at: at(600)) == [.drain("c1")])
        _ = bridge.finished(.drain("c1"), succeeded: false, at: at(601))
        #expect(bridge.look(look("c1 idle"), at: at(700)).isEmpty)
        #expect(bridge.look(look("c1 idle"), at: at(1_201)) == [.drain("c1")])
        _ = bridge.finished(.drain("c1"), succeeded: true, at: at(1_202))
        #expect(bridge.look(look("c1 drained"), at: at(1_210)) == [.remove("c1")])
        _ = bridge.finished(.remove("c1"), succeeded: false, at: at(1_220))
        var retried = false
        for second in stride(from: Int64(1_230), through: 3_000, by: 10) where !retried {
            retried = bridge.look(look("c1 drained"), at: at(second)).contains(.remove("c1"))
        }
        #expect(retried)
    }

    @Test func `Wrong settings are named`() {
        func faults(_ change: (inout BridgeSettings) -> Void) -> [String] {
            var settings = settings
            change(&settings)
            return settings.faults()
        }
        #expect(faults { _ in }.isEmpty)
        #expect(faults { $0.nodes = [] } == ["there are no names of nodes"])
        #expect(faults { $0.nodes = ["c1", "c1"] } == ["the node 'c1' is named twice"])
        #expect(faults { $0.nodes = ["c1 state=idle"] } == ["'c1 state=idle' is no name of a node"])
        #expect(faults { $0.nodes = [""] } == ["'' is no name of a node"])
        #expect(faults { $0.queue = "" } == ["the queue is one word"])
        #expect(faults { $0.keep = 5 }.count == 1 && faults { $0.idleWait = .seconds(-1) }.count == 1)
    }
}
