/// Finds the word that was probably meant.
enum Suggestion {
    /// The nearest of the words, where it is near enough to be no guess.
    static func nearest(to word: String, among words: [String]) -> String? {
        let lowered = word.lowercased()
        if let meant = synonyms[lowered], words.contains(meant) { return meant }
        let distances = words.map { (word: $0, distance: distance(lowered, $0)) }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, max(lowered.count, best.word.count) / 2 - 1)
            || lowered.commonPrefix(with: best.word).count >= 4
            ? best.word : nil
    }

    /// Words of other schedulers' job files.
    private static let synonyms = [
        "args": "command", "argv": "command", "cmd": "command", "cpu": "cpus", "cores": "cpus",
        "cwd": "directory", "environment": "env", "environ": "env", "gpu": "devices", "gpus": "devices",
        "grace": "stop_grace", "jobname": "job", "mem": "memory", "name": "job", "npu": "devices",
        "npus": "devices", "ram": "memory", "walltime": "timeout", "workdir": "directory",
    ]

    /// How many letters must be put in, taken out or exchanged.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var row = Array(0...right.count)
        for (position, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for other in right.indices {
                let above = row[other + 1]
                let exchange = diagonal + (letter == right[other] ? 0 : 1)
                row[other + 1] = min(exchange, above + 1, row[other] + 1)
                diagonal = above
            }
        }
        return row[right.count]
    }
}

extension String {
    fileprivate func commonPrefix(with other: String) -> Substring {
        var end = startIndex
        for (left, right) in zip(indices, other.indices) {
            guard self[left] == other[right] else { break }
            end = index(after: left)
        }
        return self[..<end]
    }
}
