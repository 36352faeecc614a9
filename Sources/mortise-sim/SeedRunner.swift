import Dispatch
import Simulator
import Synchronization

/// Runs worlds on some threads and hands their reports over in the order of the options.
struct SeedRunner {
    let workers: Int

    func run(_ options: [SimulationOptions], onReport: (SimulationReport) -> Void) {
        if workers == 1 {
            for options in options { onReport(Simulation.run(options)) }
            return
        }
        // Reports come in pieces of work of equal size: simple, and in order.
        for first in stride(from: 0, to: options.count, by: workers * 8) {
            let piece = Array(options[first..<min(first + workers * 8, options.count)])
            let reports = Mutex<[Int: SimulationReport]>([:])
            let next = Mutex(0)
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                while true {
                    let position = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard position < piece.count else { return }
                    let report = Simulation.run(piece[position])
                    reports.withLock { $0[position] = report }
                }
            }
            let done = reports.withLock { $0 }
            for position in piece.indices { if let report = done[position] { onReport(report) } }
        }
    }
}
