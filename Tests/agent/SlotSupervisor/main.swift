import AgentSlots

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// The program that the tests start as supervisor in place of the whole agent; it also measures:
//   slot-supervisor-for-tests measure SLOTS SECONDS   tasks per second of `true` through supervisors
//   slot-supervisor-for-tests baseline SECONDS        the same by a bare posix_spawn loop, one at a time
let words = Array(CommandLine.arguments.dropFirst())
switch (words.first, words.count) {
case ("supervise", 2): exit(Supervisor.run(directory: words[1]))
case ("measure", 3): Measure.supervisors(count: Int(words[1]) ?? 1, seconds: Int64(words[2]) ?? 5)
case ("baseline", 2): Measure.baseline(seconds: Int64(words[1]) ?? 5)
default:
    print("usage: supervise FOLDER | measure SLOTS SECONDS | baseline SECONDS")
    exit(64)
}
