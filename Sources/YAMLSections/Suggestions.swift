/// Finds the word that was probably meant.
package enum Suggestion {
    /// The nearest of the words, where it is near enough to be no guess.
    package static func nearest(to word: String, among words: [String]) -> String? {
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
        "affinity": "with", "anti_affinity": "apart", "args": "command", "argv": "command", "cmd": "command",
        "cpu": "cpus", "cores": "cpus",
        "cwd": "directory", "environment": "env", "environ": "env", "gpu": "devices", "gpus": "devices",
        "grace": "stop_grace", "jobname": "job", "licenses": "counted", "mem": "memory", "name": "job",
        "npu": "devices", "npus": "devices", "ram": "memory", "vc": "virtual_cluster", "walltime": "timeout",
        "workdir": "directory",
    ]

    /// How many letters must be put in, taken out, exchanged, or swapped with their neighbour.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var rows = [Array(0...right.count)]
        for row in stride(from: 1, through: left.count, by: 1) {
            var current = [row]
            for column in stride(from: 1, through: right.count, by: 1) {
                let isSame = left[row - 1] == right[column - 1]
                var least = min(rows[row - 1][column - 1] + (isSame ? 0 : 1), rows[row - 1][column] + 1)
                least = min(least, current[column - 1] + 1)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1]
                {
                    least = min(least, rows[row - 2][column - 2] + 1)
                }
                current.append(least)
            }
            rows.append(current)
        }
        return rows[left.count][right.count]
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
