import AgentSlots
import ClusterTypes
import NIOCore
import NIOPosix
import Platform
import ProtocolMessages

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many tasks of no work this machine gets through, with supervisors and without.
enum Measure {
    static func supervisors(count: Int, seconds: Int64) {
        let folder = "/tmp/mortise-measure-\(getpid())"
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let state = NIOLoopBoundBox.makeEmptyBox(valueType: Run.self, eventLoop: loop)
        try? loop.submit {
            state.value = Run(eventLoop: loop, folder: folder)
            state.value?.start(count: count)
        }.wait()
        sleep(1)
        let before = (try? loop.submit { state.value?.finished ?? 0 }.wait()) ?? 0
        let start = SteadyClock.sinceBoot()
        sleep(UInt32(seconds))
        let after = (try? loop.submit { state.value?.finished ?? 0 }.wait()) ?? 0
        let rate = Double(after - before) / (Double(SteadyClock.sinceBoot() - start) / 1_000_000)
        print("\(count) supervisors: \(Int(rate)) tasks/s")
        try? loop.submit { state.value?.stop() }.wait()
        sleep(1)
        try? Files.removeTree(folder)
    }

    static func baseline(seconds: Int64) {
        let end = SteadyClock.sinceBoot() + seconds * 1_000_000
        var count = 0
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
        while SteadyClock.sinceBoot() < end {
            var process: pid_t = 0
            guard posix_spawn(&process, "/bin/true", nil, nil, arguments, environ) == 0 else { break }
            waitpid(process, nil, 0)
            count += 1
        }
        print("bare loop: \(count / Int(seconds)) processes/s")
    }

    private final class Run {
        private var manager: SlotManager?
        private var nextIndex: TaskIndex = 0
        var finished = 0
        private var keys: [SlotKey] = []

        init(eventLoop: any EventLoop, folder: String) {
            manager = SlotManager(
                eventLoop: eventLoop, directory: folder, executable: "/proc/self/exe", nodeName: "measure"
            ) { [weak self] in self?.handle($0) }
        }

        func start(count: Int) {
            for number in 1...count {
                var specification = JobSpecification(
                    app: "a", job: "j", kind: .tasks, command: .argv(["/bin/true"]))
                specification.array = TaskArray(first: 0, last: .max - 1)
                let key = SlotKey(SlotID(UInt64(number)), Generation(1))
                keys.append(key)
                manager?.start(
                    Assignment(key: key, job: JobID(1), specification: specification), devices: [])
            }
        }

        func stop() { for key in keys { manager?.stop(key, reason: "measured") } }

        private func handle(_ event: SlotEvent) {
            switch event {
            case .slotChanged, .logRead: break
            case .tasksFinished(let key, let results):
                finished += results.count
                manager?.forgetResults(key, results.map(\.attempt))
            case .tasksWanted(let key, let credits):
                guard credits > 0 else { return }
                let orders = (0..<credits).map { offset in
                    TaskOrder(attempt: TaskAttempt(index: nextIndex + offset, attempt: 1))
                }
                nextIndex += credits
                manager?.giveTasks(key, orders)
            }
        }
    }
}
