import ClusterTypes
import YAMLSections

/// What a job file asks of a node before a command or task begins.
enum AdmissionReader {
    static func read(_ top: Section, _ faults: inout FaultList) -> Admission? {
        let keys = ["free_space", "directory_quota", "check", "interval"]
        guard let section = top.section("admission", keys: keys, &faults) else { return nil }
        var admission = Admission()
        admission.freeSpace = amounts(section, "free_space", &faults)
        admission.directoryQuota = amounts(section, "directory_quota", &faults)
        admission.check = section.text("check", &faults)
        if let seconds = section.value("interval", &faults, Quantity.seconds) {
            admission.intervalSeconds = seconds
        }
        return admission
    }

    private static func amounts(
        _ section: Section, _ key: String, _ faults: inout FaultList
    ) -> [Admission.PathAmount] {
        (section.dictionary(key, &faults) ?? []).compactMap { path, text, mark in
            do throws(GrammarError) {
                return Admission.PathAmount(path, try Quantity.bytes(text))
            } catch {
                faults.add("'\(section.name(key)).\(path)': \(error.message)", at: mark)
                return nil
            }
        }
    }
}
