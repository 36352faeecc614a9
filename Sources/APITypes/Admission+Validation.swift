import ClusterTypes

extension Admission {
    func check(into faults: inout Faults) {
        faults.check(
            !freeSpace.isEmpty || !directoryQuota.isEmpty || check != nil, "admission",
            "asks for nothing; give free space, a quota or a check")
        faults.checkAmounts(freeSpace, "admission.freeSpace")
        faults.checkAmounts(directoryQuota, "admission.directoryQuota")
        if let check {
            let path = "admission.check"
            faults.check(check.contains { !$0.isWhitespace }, path, "is empty; give a line of shell")
            faults.check(!check.utf8.contains(0), path, "holds a NUL character")
            faults.check(
                check.utf8.count <= JobLimits.scriptBytes, path,
                "is longer than \(JobLimits.scriptBytes) bytes; keep it in a file on the nodes")
        }
        faults.checkRange(
            intervalSeconds, JobLimits.admissionIntervalSeconds, "admission.intervalSeconds")
    }
}

extension Faults {
    fileprivate mutating func checkAmounts(_ amounts: [Admission.PathAmount], _ path: String) {
        check(amounts.count <= JobLimits.admissionPaths, path, "are more than \(JobLimits.admissionPaths)")
        for (position, amount) in amounts.prefix(JobLimits.admissionPaths).enumerated() {
            let path = "\(path)[\(position)]"
            check(amount.path.hasPrefix("/"), path, "must be an absolute path")
            check(!amount.path.utf8.contains(0), path, "holds a NUL character")
            check(
                amount.path.utf8.count <= JobLimits.pathBytes, path,
                "is longer than \(JobLimits.pathBytes) bytes")
            checkRange(amount.bytes, 1...JobLimits.bytes, path)
        }
    }
}
