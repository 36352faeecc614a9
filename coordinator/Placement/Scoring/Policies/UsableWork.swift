/// Adds up what work of a mixture can use of a node. In flat tables, as it runs for every node that has changed.
struct UsableWork: Sendable {
    /// Work that wants as much of devices.
    struct Size: Sendable {
        let devices: Int
        let shares: Int
        /// Slots on a whole device.
        let ofWhole: Int
        /// Where its work ends; it begins at the end of the size before.
        var end: Int
    }

    struct Work: Sendable {
        let milliCPU: Int
        /// CPUs of each slot that comes beside one of these.
        let others: Int
        var weight: Double
    }

    /// What CPUs count, 0...1.
    let cpuWeight: Double
    private var sizes: [Size] = []
    /// Of each size the lightest first.
    private var work: [Work] = []
    /// Of each model.
    private var sizesOfModels: [Range<Int>] = []

    init(cpuWeight: Double) { self.cpuWeight = cpuWeight }

    /// The work of the next model, from 0. Its order does not matter, though that of sums of fractions does.
    ///
    /// - Parameter cpuOfShare: CPUs of average work for 1/1000 of a device.
    mutating func add(_ classes: [(work: WorkClass, weight: Double)], cpuOfShare: Double) {
        let first = sizes.count
        var last: WorkClass?
        for (entry, weight) in classes.sorted(by: { $0.work < $1.work }) {
            if last?.devices != entry.devices || last?.shares != entry.shares {
                let ofWhole = 1_000 / entry.shares
                sizes.append(
                    Size(devices: entry.devices, shares: entry.shares, ofWhole: ofWhole, end: work.count))
            } else if last?.milliCPU == entry.milliCPU {
                work[work.count - 1].weight += weight
                continue
            }
            last = entry
            let others = min(entry.milliCPU, Int(cpuOfShare * Double(entry.devices * entry.shares)))
            work.append(Work(milliCPU: entry.milliCPU, others: others, weight: weight))
            sizes[sizes.count - 1].end = work.count
        }
        sizesOfModels.append(first..<sizes.count)
    }

    /// - Parameter body: must not let the view out.
    func look<Result>(at node: Int, _ rooms: NodeRooms, _ body: (inout View) -> Result) -> Result {
        let model = rooms.models[node]
        let range = sizesOfModels.indices.contains(model) ? sizesOfModels[model] : 0..<0
        let devices = rooms.devices(of: node)
        return sizes.withUnsafeBufferPointer { sizes in
            work.withUnsafeBufferPointer { work in
                rooms.shares.withUnsafeBufferPointer { shares in
                    withUnsafeTemporaryAllocation(of: Int.self, capacity: devices.count + 1) { begun in
                        var view = View(
                            sizes: UnsafeBufferPointer(rebasing: sizes[range]), work: work,
                            firstWork: range.isEmpty || range.lowerBound == 0
                                ? 0 : sizes[range.lowerBound - 1].end,
                            shares: UnsafeBufferPointer(rebasing: shares[devices]), cpuWeight: cpuWeight,
                            begun: begun)
                        return body(&view)
                    }
                }
            }
        }
    }

    /// A node's devices, and the work that may use them.
    struct View {
        fileprivate let sizes: UnsafeBufferPointer<Size>
        fileprivate let work: UnsafeBufferPointer<Work>
        fileprivate let firstWork: Int
        let shares: UnsafeBufferPointer<Int>
        fileprivate let cpuWeight: Double
        /// What is free of devices that are neither whole nor full, in their order; with place for one more.
        let begun: UnsafeMutableBufferPointer<Int>
        private var begunCount = 0
        private var whole = 0

        fileprivate init(
            sizes: UnsafeBufferPointer<Size>, work: UnsafeBufferPointer<Work>, firstWork: Int,
            shares: UnsafeBufferPointer<Int>, cpuWeight: Double, begun: UnsafeMutableBufferPointer<Int>
        ) {
            self.sizes = sizes
            self.work = work
            self.firstWork = firstWork
            self.shares = shares
            self.cpuWeight = cpuWeight
            self.begun = begun
        }

        /// - Parameter taken: it takes the first devices with room for it.
        mutating func count(_ taken: WorkClass?) {
            begunCount = 0
            whole = 0
            var wanted = taken?.devices ?? 0
            let share = taken?.shares ?? 0
            for var room in shares {
                if wanted > 0, room >= share {
                    room -= share
                    wanted -= 1
                }
                if room == 1_000 {
                    whole += 1
                } else if room > 0 {
                    begun[begunCount] = room
                    begunCount += 1
                }
            }
        }

        /// When so much of a whole device is taken.
        mutating func usable(_ milliCPU: Int, ofWholeOne share: Int) -> Double {
            begun[begunCount] = 1_000 - share
            begunCount += 1
            whole -= 1
            defer {
                begunCount -= 1
                whole += 1
            }
            return usable(milliCPU)
        }

        /// Of the free shares, what the mixture can use, in the mean.
        func usable(_ milliCPU: Int) -> Double {
            var sum = 0.0
            var next = firstWork
            for size in sizes {
                var place = next
                next = size.end
                var free = whole * 1_000
                var slots = size.ofWhole * whole
                for device in 0..<begunCount where begun[device] >= size.shares {
                    free += begun[device]
                    slots += begun[device] / size.shares
                }
                if size.devices > 1 {
                    // Devices that are left over from groups of as many as it wants are of no use to it.
                    slots /= size.devices
                    free = slots * size.devices * size.shares
                }
                guard slots > 0 else { continue }
                while place < size.end, work[place].milliCPU <= milliCPU {
                    let needed = work[place].milliCPU + (slots - 1) * work[place].others
                    let fed = needed <= milliCPU ? 1 : Double(milliCPU) / Double(needed)
                    sum += work[place].weight * Double(free) * (1 - cpuWeight * (1 - fed))
                    place += 1
                }
            }
            return sum
        }
    }
}
