import Foundation

/// A wall clock that a test can set, for the programs that are started with its environment. Their other clocks are
/// the real ones, as when somebody sets the time of a machine.
struct SteppedClock {
    let folder: String
    /// Each machine may have its own.
    private var name = "offset"
    private var offsetPath: String { folder + "/" + name }
    private var libraryPath: String { folder + "/clock.so" }

    private init(folder: String) { self.folder = folder }

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

    /// Another one, by the same library; it is removed with this one.
    func another(_ name: String) throws -> SteppedClock {
        var clock = self
        clock.name = "offset-" + name
        try clock.set(seconds: 0)
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
