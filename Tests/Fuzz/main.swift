// Coverage-guided fuzzing of whatever reads bytes from outside; docs/fuzzing.md says how to use it, dev/fuzz does.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// libFuzzer's loop. It takes over the program and ends it.
///
/// Bytes, their count; the answer is 0 by definition.
private typealias Run = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments?>, _ run: Run
) -> Int32

/// The one that was asked for; set once, before libFuzzer starts.
private nonisolated(unsafe) var chosen = FuzzTarget.all[0]

private func fail(_ message: String) -> Never {
    let line = Array("mortise-fuzz: \(message)\n".utf8)
    _ = write(2, line, line.count)
    exit(64)
}

private let words = CommandLine.arguments
switch words.count {
case 2 where words[1] == "list":
    for target in FuzzTarget.all { print(target.name) }
case 2...:
    guard let target = FuzzTarget.all.first(where: { $0.name == words[1] }) else {
        fail("there is no target '\(words[1])'; `mortise-fuzz list` names them")
    }
    if words.count == 4, words[2] == "seeds" {
        target.writeSeeds(into: words[3])
    } else {
        chosen = target
        var arguments: Arguments? = .allocate(capacity: words.count + 1)
        // What is given behind it wins over the target's own limit.
        let all = [words[0], "-max_len=\(target.inputBytes)"] + words.dropFirst(2)
        for (position, word) in all.enumerated() { arguments?[position] = strdup(word) }
        arguments?[all.count] = nil
        var count = Int32(all.count)
        exit(
            runFuzzer(&count, &arguments) { bytes, count in
                chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            })
    }
default:
    fail("usage: mortise-fuzz list | TARGET seeds FOLDER | TARGET [libFuzzer's options and folders]")
}
