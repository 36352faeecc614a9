import ClusterTypes
import CoordinatorPlacement
import Testing

@Suite("What virtual clusters have of their quotas")
struct VirtualClusterSharesTests {
    typealias Share = VirtualClusterShares.Share

    private static func divide(
        _ quotas: [UInt32], used: [UInt32], total: UInt32, available: UInt32, unschedulable: UInt32 = 0
    ) -> [Share] {
        VirtualClusterShares.divide(
            VirtualClusterShares.Stock(total: total, available: available, unschedulable: unschedulable),
            among: zip(quotas, used).map { VirtualClusterShares.Claim(quota: $0, used: $1) })
    }

    @Test("Idle devices that go out of service are missing from those that have some left")
    func idleBecomeUnschedulable() {
        let shares = Self.divide(
            [40, 40, 40], used: [40, 31, 0], total: 120, available: 29, unschedulable: 20)
        #expect(shares.map(\.available) == [0, 1, 27])
        #expect(shares.map(\.unschedulable) == [0, 8, 13])
        #expect(shares.map(\.total) == [40, 40, 40] && shares.map(\.used) == [40, 31, 0])
    }

    @Test("What one uses beyond a quota that was moved away is missing from the others")
    func quotaMoved() {
        let shares = Self.divide([20, 20], used: [30, 5], total: 40, available: 5)
        #expect(shares.map(\.available) == [0, 5])
        #expect(shares.map(\.unschedulable) == [0, 10])
    }

    @Test("Four virtual clusters of a real cluster, one above its quota")
    func realFour() {
        let shares = Self.divide(
            [48, 200, 100, 20], used: [57, 164, 93, 0], total: 368, available: 54)
        #expect(shares.map(\.available) == [0, 30, 6, 17])
        #expect(shares.map(\.unschedulable) == [0, 6, 1, 3])
    }

    @Test("Three virtual clusters of a real cluster, one device out of service")
    func realThree() {
        let shares = Self.divide(
            [150, 234, 40], used: [125, 231, 0], total: 424, available: 68, unschedulable: 1)
        #expect(shares.map(\.available) == [25, 2, 40])
        #expect(shares.map(\.unschedulable) == [0, 1, 0])
    }

    @Test("A shortage of one type takes nothing of another one")
    func severalTypes() {
        let scarce = Self.divide([3, 3, 3], used: [0, 0, 0], total: 8, available: 7, unschedulable: 1)
        #expect(scarce.map(\.available) == [2, 2, 2])
        #expect(scarce.map(\.unschedulable) == [1, 1, 1])
        let whole = Self.divide([3, 3], used: [0, 0], total: 6, available: 6)
        #expect(whole.map(\.available) == [3, 3])
        #expect(whole.map(\.unschedulable) == [0, 0])
    }

    @Test("Every unit of a remainder is missing somewhere, not one for each type")
    func remainders() {
        // Each of the five bears 3/5 of a device: with whole ones four are to be had at most.
        let shares = Self.divide(
            [2, 2, 2, 2, 2], used: [0, 0, 0, 0, 0], total: 10, available: 7, unschedulable: 3)
        #expect(shares.map(\.available) == [1, 1, 1, 1, 1])
        #expect(shares.map(\.unschedulable) == [1, 1, 1, 1, 1])
    }

    @Test("Without quotas there is nothing to divide, and more than a quota nobody has")
    func edges() {
        #expect(Self.divide([], used: [], total: 8, available: 8) == [])
        #expect(
            Self.divide([0, 0], used: [0, 3], total: 8, available: 5)
                == [
                    Share(total: 0, used: 0, available: 0, unschedulable: 0),
                    Share(total: 0, used: 3, available: 0, unschedulable: 0),
                ])
        #expect(Self.divide([4], used: [1], total: 100, available: 99).map(\.available) == [3])
        // More out of service than there are.
        #expect(
            Self.divide([4], used: [1], total: 4, available: 3, unschedulable: 9)
                == [Share(total: 4, used: 1, available: 0, unschedulable: 3)])
        let most = UInt32.max
        #expect(
            Self.divide([most, most], used: [0, most], total: most, available: most).map(\.available)
                == [most, 0])
    }

    @Test("Parts add up, and nobody is promised what is not there", arguments: 1...20)
    func sums(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 1...500 {
            let count = Int.random(in: 0...6, using: &random)
            let quotas = (0..<count).map { _ in UInt32.random(in: 0...50, using: &random) }
            let used = (0..<count).map { _ in UInt32.random(in: 0...60, using: &random) }
            let total = UInt32.random(in: 0...300, using: &random)
            let unschedulable = UInt32.random(in: 0...total, using: &random)
            let available = UInt32.random(in: 0...(total - unschedulable), using: &random)
            let shares = Self.divide(
                quotas, used: used, total: total, available: available, unschedulable: unschedulable)
            #expect(shares.count == count)
            #expect(shares.reduce(0) { $0 + $1.available } <= available)
            for share in shares where share.used <= share.total {
                #expect(share.used + share.available + share.unschedulable == share.total)
            }
            for share in shares where share.used > share.total {
                #expect(share.available == 0 && share.unschedulable == 0)
            }
        }
    }
}

@Suite("Keys of device types")
struct DeviceTypeKeyTests {
    @Test("They say vendor, type and architecture, the usual vendor where none is told")
    func texts() {
        var device = DeviceCapacity(type: .npu, model: "910B3", memoryBytes: 0)
        #expect(DeviceTypeKey(device, .arm64).description == "huawei_npu_arm64")
        device.vendor = "Huawei"
        #expect(DeviceTypeKey(device, .arm64).description == "huawei_npu_arm64")
        device = DeviceCapacity(type: .gpu, model: "NVIDIA H100", memoryBytes: 0)
        #expect(DeviceTypeKey(device, .amd64).description == "nvidia_gpu_amd64")
        device.vendor = "amd"
        #expect(DeviceTypeKey(device, .amd64).description == "amd_gpu_amd64")
        #expect(DeviceTypeKey.processors.description == "cpu")
    }

    @Test(
        "What is written is read again",
        arguments: ["cpu", "huawei_npu_arm64", "nvidia_gpu_amd64", "moore_threads_gpu_arm64"])
    func reads(text: String) throws {
        #expect(try #require(DeviceTypeKey(parsing: text)).description == text)
    }

    @Test(
        "What is no key is not taken for one",
        arguments: [
            "", "CPU", "gpu", "nvidia_gpu", "_gpu_amd64", "nvidia_tpu_amd64", "Nvidia_gpu_amd64",
            "a b_gpu_amd64",
        ])
    func refuses(text: String) {
        #expect(DeviceTypeKey(parsing: text) == nil)
    }
}
