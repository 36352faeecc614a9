import ProtocolMessages
import Testing

@testable import AgentHardware

@Suite struct TransferCountersTests {
    private let diskstats = """
           7       0 loop0 10 0 800 1 0 0 0 0 0 1 1 0 0 0 0 0 0
           8       0 sda 100 0 2000 5 50 0 1000 9 0 10 14 0 0 0 0 0 0
           8       1 sda1 90 0 1900 5 50 0 1000 9 0 10 14 0 0 0 0 0 0
         259       0 nvme0n1 10 0 40 1 4 0 8 1 0 1 1 0 0 0 0 0 0
         259       1 nvme0n1p2 10 0 40 1 4 0 8 1 0 1 1 0 0 0 0 0 0
         253       0 dm-0 10 0 40 1 4 0 8 1 0 1 1 0 0 0 0 0 0
           9       0 md127 10 0 40 1 4 0 8 1 0 1 1
        """
    private let networks = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo: 9999 1 0 0 0 0 0 0 9999 1 0 0 0 0 0 0
          eth0:1000 1 0 0 0 0 0 0 300 1 0 0 0 0 0 0
        docker0: 70 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0
        """

    @Test func disksCountOnceAndOnlyPhysicalInterfaces() {
        let counters = TransferCounters(diskstats: diskstats, networks: networks) { $0 == "eth0" }
        #expect(counters.diskRead == 2_040 * 512)
        #expect(counters.diskWritten == 1_008 * 512)
        #expect(counters.received == 1_000)
        #expect(counters.sent == 300)
    }

    @Test func withoutAPhysicalInterfaceAllButTheLoopbackCount() {
        let counters = TransferCounters(diskstats: "", networks: networks) { _ in false }
        #expect(counters.received == 1_070)
        #expect(counters.sent == 307)
        #expect(counters.diskRead == 0)
    }

    @Test func ratesAreBytesASecondAndNeverNegative() {
        let before = TransferCounters(diskstats: diskstats, networks: networks) { $0 == "eth0" }
        var after = before
        after.diskRead += 3_000_000
        after.received = 5
        after.sent += 1
        #expect(
            after.rates(since: before, over: .seconds(3))
                == TransferRates(diskReadBytes: 1_000_000, networkReceiveBytes: 0, networkSendBytes: 0))
        #expect(after.rates(since: before, over: .zero) == TransferRates())
    }

    @Test(arguments: ["", "x", "8 0 sda 1 2", "eth0: 1 2", ":::", "8 0 sda a b c d e f g h i j"])
    func whatCannotBeReadIsNothing(text: String) {
        let counters = TransferCounters(diskstats: text, networks: text) { _ in true }
        #expect(counters == TransferCounters(diskstats: "", networks: "") { _ in true })
    }
}
