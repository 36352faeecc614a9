import APITypes
import ClusterTypes
import Foundation
import Testing

/// Case 10: somebody sets the wall clock.
@Suite struct ClockTests {
    @Test(
        "Steps of the wall clock by hours, also over a restart of the coordinator, lose no node and no task",
        .enabled(if: SteppedClock.compiler != nil, "there is no C compiler to make a wrong clock with"))
    func steps() async throws {
        let clock = try await SteppedClock.make()
        defer { clock.remove() }
        try await TestCluster.run {
            $0.environment = clock.environment
        } _: { cluster in
            let agent = try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "task", "\(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT $PPID"))\nsleep 0.05")
            let job = try await cluster.submit("--array", "1-120", "--slots", "1", "--", "sh", script)
            for (share, seconds) in [(15, 3 * 3_600), (30, -7_200), (45, 3_600)] {
                try await eventually("\(share) tasks have run") { ledger.lines.count >= share }
                try clock.set(seconds: seconds)
            }
            for (share, seconds) in [(60, 7_200), (80, -60)] {
                try await eventually("\(share) tasks have run") { ledger.lines.count >= share }
                try await cluster.killCoordinator()
                try clock.set(seconds: seconds)
                try await cluster.startCoordinator()
                let view: ClusterView = try await cluster.get("/v1/cluster")
                let right = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
                let wrong = right + .seconds(Int64(seconds))
                #expect(
                    view.startedAt > (wrong - .seconds(30)).rfc3339
                        && view.startedAt < (wrong + .seconds(30)).rfc3339,
                    "the coordinator's clock is wrong as it should be")
            }
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            let executions = ledger.lines.map { $0.split(separator: " ") }
            #expect(executions.map { $0[0] }.sorted() == (1...120).map { "\($0).1" }.sorted())
            #expect(Set(executions.map { $0[1] }).count == 1, "one supervisor ran all tasks")
            #expect(try await cluster.slots(of: job).map(\.generation) == [Generation(1)])
            try await cluster.waitForNode("birch", .ready)
            #expect(agent.isRunning)
        }
    }
}

/// A wall clock that a test can set, for the programs that are started with its environment. Their other clocks are
/// the real ones, as when somebody sets the time of a machine.
struct SteppedClock {
    let folder: String
    private var offsetPath: String { folder + "/offset" }
    private var libraryPath: String { folder + "/clock.so" }

    static let compiler: String? = ["/usr/bin/cc", "/usr/bin/clang", "/opt/swift/usr/bin/clang"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    static func make() async throws -> SteppedClock {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("mortise-clock-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let clock = SteppedClock(folder: folder)
        try clock.set(seconds: 0)
        let source = folder + "/clock.c"
        try Data(Self.source.utf8).write(to: URL(fileURLWithPath: source))
        guard let compiler else { throw TestFailure("there is no C compiler") }
        let child = try await ChildProcess.start(
            compiler, ["-shared", "-fPIC", "-O1", "-o", clock.libraryPath, source],
            environment: Programs.environment(home: folder), folder: folder, files: folder + "/compiler")
        guard try await child.waitForExit() == 0 else { throw TestFailure(child.errors) }
        return clock
    }

    var environment: [String: String] { ["LD_PRELOAD": libraryPath, "MORTISE_TEST_CLOCK": offsetPath] }

    /// From the right time; at once, for every program that uses it.
    func set(seconds: Int) throws {
        try Data("\(seconds)".utf8).write(to: URL(fileURLWithPath: offsetPath), options: .atomic)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private static let source = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static long offset(void) {
            const char *path = getenv("MORTISE_TEST_CLOCK");
            char text[32] = "";
            int before = errno;
            int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
            if (file >= 0) {
                ssize_t count = read(file, text, sizeof text - 1);
                close(file);
                if (count < 0) text[0] = 0;
            }
            errno = before;
            return atol(text);
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = (int)syscall(SYS_clock_gettime, clock, time);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
            return result;
        }

        time_t time(time_t *copy) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (copy) *copy = now.tv_sec;
            return now.tv_sec;
        }

        int gettimeofday(struct timeval *now, void *zone) {
            (void)zone;
            struct timespec precise;
            clock_gettime(CLOCK_REALTIME, &precise);
            now->tv_sec = precise.tv_sec;
            now->tv_usec = precise.tv_nsec / 1000;
            return 0;
        }
        """
}
