import ClusterTypes
import GRDBSQLite
import Platform

/// What is done to a coordinator that holds its agents.
extension AgentsRun {
    // MARK: Placements

    /// Without other work, and while so many tasks of another job wait.
    func place(_ count: UInt32, whileTasksWait waiting: UInt32) async throws {
        guard let client else { return }
        report.placements = try await place(count, client)
        guard waiting > 0 else { return }
        note("\(waiting) tasks wait")
        _ = try await client.submitWaiting(tasks: waiting, name: "wait")
        report.placementsBesideTasks = try await place(count, client)
    }

    /// From the submission to the end of the last slot, which is in the store by then.
    private func place(_ count: UInt32, _ client: CoordinatorClient) async throws -> AgentsReport.Placements {
        note("placing \(count) slots")
        let cpu = try process.map { try ProcessFigures(of: $0) }
        let began = ContinuousClock.now
        let quarter = DeviceRequest(type: .gpu, shares: wholeDeviceShares / 4)
        let jobs = [
            try await client.submitBatch(slots: count - count / 2, devices: nil, name: "place-cores"),
            try await client.submitBatch(slots: count / 2, devices: quarter, name: "place-devices"),
        ]
        try await wait(upTo: .seconds(600), for: "all slots have been placed and have ended") {
            for job in jobs where try await client.state(of: job) != .finished { return false }
            return true
        }
        let seconds = (ContinuousClock.now - began).seconds
        var placements = AgentsReport.Placements(count: count, seconds: seconds)
        if let cpu, let process {
            let spent = try ProcessFigures(of: process).cpu - cpu.cpu
            placements.coordinatorMicrosecondsEach = spent.seconds * 1e6 / Double(count)
        }
        return placements
    }

    // MARK: A killed agent

    /// Every other one hangs with its connection; the others are gone with it.
    func kill(_ fleet: Fleet, _ count: Int) async throws {
        guard let client else { return }
        note("ending \(count) agents without a word")
        var kills: [AgentsReport.Kill] = []
        var nodes: [NodeID] = []
        let began = ContinuousClock.now
        for number in 0..<count {
            let keeps = number % 2 == 0
            let (name, node) = try await fleet.kill(number, keepingConnection: keeps)
            kills.append(AgentsReport.Kill(agent: name, keepsConnection: keeps))
            nodes.append(node)
        }
        defer { report.kills = kills }
        try await wait(upTo: .seconds(300), for: "the coordinator has noticed all ended agents") {
            for index in kills.indices where kills[index].lostSeconds == nil {
                let state = try await client.state(of: nodes[index])
                let seconds = (ContinuousClock.now - began).seconds
                guard state == .suspect || state == .lost else { continue }
                kills[index].suspectSeconds = kills[index].suspectSeconds ?? seconds
                if state == .lost { kills[index].lostSeconds = seconds }
            }
            return kills.allSatisfy { $0.lostSeconds != nil }
        }
    }

    // MARK: A killed coordinator

    func restart(_ fleet: Fleet) async throws {
        guard let coordinator = own, let client else { return }
        note("killing the coordinator")
        try await fleet.openWindow()
        let moment = Instant(microseconds: SteadyClock.now())
        let began = ContinuousClock.now
        await coordinator.kill()
        try await coordinator.start()
        try await waitUntilReady()
        let ready = (ContinuousClock.now - began).seconds
        let costs = try process.map { try ProcessFigures(of: $0) }
        try await waitUntilAllAreWelcome(fleet, hellos: fleet.count)
        let all = (ContinuousClock.now - began).seconds
        let cores = try process.flatMap { process in
            try costs.map { try ProcessFigures(of: process).cores(since: $0) }
        }
        let figures = try await fleet.figures()
        report.restart = AgentsReport.Restart(
            readySeconds: ready, allSeconds: all, coordinatorCores: cores, figures: figures,
            suspects: try await client.nodes(called: .suspect, since: moment),
            lost: try await client.nodes(called: .lost, since: moment))
    }

    // MARK: A store that does not write

    /// Another process has the write lock, as one would that backs the store up badly; a job has something to write.
    func stallStore(_ fleet: Fleet, for duration: Duration) async throws {
        guard let coordinator = own, let client else { return }
        let slots = UInt32(min(100, fleet.count))
        _ = try await client.submit(tasks: slots * 1_000, slots: slots, name: "stall")
        try await Task.sleep(for: .seconds(1))
        note("holding the store's lock for \(duration)")
        let moment = Instant(microseconds: SteadyClock.now())
        try await fleet.openWindow()
        let lock = try StoreWriteLock(path: coordinator.storePath)
        do {
            try await Task.sleep(for: duration)
        } catch {
            lock.release()
            throw error
        }
        lock.release()
        try await fleet.closeWindow()
        // A node whose beat was lost in the stall would be suspect by now.
        try await Task.sleep(for: .seconds(20))
        let figures = try await fleet.figures()
        report.stall = AgentsReport.Stall(
            seconds: duration.seconds, beatsSent: figures.beatsSent, lag: figures.beatLag.summary,
            suspects: try await client.nodes(called: .suspect, since: moment),
            lost: try await client.nodes(called: .lost, since: moment), disconnects: figures.losses)
    }
}

/// The write lock of an SQLite file, held by a connection of our own.
final class StoreWriteLock {
    private var database: OpaquePointer?

    init(path: String) throws {
        guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK,
            sqlite3_busy_timeout(database, 10_000) == SQLITE_OK,
            sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK
        else {
            let reason = database.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "no memory"
            sqlite3_close_v2(database)
            throw Failure("Cannot lock \(path): \(reason).")
        }
    }

    func release() {
        sqlite3_exec(database, "ROLLBACK", nil, nil, nil)
        sqlite3_close_v2(database)
        database = nil
    }
}
