#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Something that reads bytes from outside, and what it promises of every input.
///
/// `run` returns for every input: a value that keeps the promises, or a typed error. A broken promise is a failed
/// precondition, which ends the program; libFuzzer then keeps the input.
struct FuzzTarget {
    let name: String
    /// Longer inputs are not tried: they find little more, and cost much time.
    let inputBytes: Int
    /// First inputs that are made by the program, where they are no text.
    var seeds: () -> [[UInt8]] = { [] }
    let run: ([UInt8]) -> Void

    static var all: [FuzzTarget] {
        [
            agentFrames, coordinatorFrames, zstd, localMessages, jobFiles, payloads, runOptions, grammars,
            requests, inventories, queries, tokens, identities, localAnswers, storeTexts, storeRows,
            storeSnapshots,
            nvidia, ascend, accelerators, machine, addresses, schedulers,
        ]
    }

    func writeSeeds(into folder: String) {
        for (position, seed) in seeds().enumerated() where seed.count <= inputBytes {
            let path = "\(folder)/seed-\(position)"
            guard let file = fopen(path, "wb") else { fatalError("cannot write \(path)") }
            fwrite(seed, 1, seed.count, file)
            fclose(file)
        }
    }
}

/// Any bytes as text, as the readers of tools' outputs take them.
func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
