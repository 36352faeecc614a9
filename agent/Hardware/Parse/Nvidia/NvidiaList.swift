import TextForms

/// The answer of `nvidia-smi -L`: the only one with the UUIDs and profiles of MIG instances.
package struct NvidiaList: Hashable, Sendable {
    /// With their instances; nothing else than index, name and UUID is known.
    package var devices: [NvidiaDevice] = []

    /// nil for a text without a line of a GPU.
    package init?(parsing text: String) {
        for line in Scan.lines(text) {
            if let device = Self.device(line) {
                devices.append(device)
            } else if let instance = Self.instance(line), !devices.isEmpty {
                devices[devices.count - 1].migInstances.append(instance)
            }
        }
        if devices.isEmpty { return nil }
    }

    /// `GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-…)`; old drivers print `(S/N: …)`.
    private static func device(_ line: Substring) -> NvidiaDevice? {
        guard let (key, value) = Scan.pair(line) else { return nil }
        let words = Scan.words(key)
        guard words.count == 2, words[0] == "GPU", let index = UInt32(words[1]) else { return nil }
        // A name may have parentheses of its own.
        let (name, remark) = parted(value, at: [" (UUID:", " (S/N:"])
        guard let name = NvidiaValue.known(name), BusAddress(name) == nil else { return nil }
        var device = NvidiaDevice(index: index, name: name)
        if let remark, remark.hasPrefix("(UUID:") { device.uuid = uuid(remark) }
        return device
    }

    /// `MIG 3g.40gb     Device  0: (UUID: MIG-…)`.
    private static func instance(_ line: Substring) -> NvidiaMIGInstance? {
        guard let (key, value) = Scan.pair(line) else { return nil }
        let words = Scan.words(key)
        guard
            words.count == 4, words[0] == "MIG", words[2] == "Device", let index = UInt32(words[3])
        else { return nil }
        var instance = NvidiaMIGInstance(index: index)
        instance.profile = Scan.identifier(words[1])
        instance.uuid = uuid(value)
        return instance
    }

    /// Of "(UUID: X)"; nil for a line that was cut before its end.
    private static func uuid(_ remark: String) -> String? {
        guard remark.hasSuffix(")"), let (_, value) = Scan.pair(remark) else { return nil }
        return Scan.identifier(value.dropLast())
    }

    private static func parted(_ text: String, at marks: [String]) -> (String, String?) {
        for mark in marks {
            guard let range = text.ranges(of: mark).last else { continue }
            return (String(text[..<range.lowerBound]), Scan.trimmed(text[range.lowerBound...]))
        }
        return (text, nil)
    }
}

extension NvidiaQuery {
    /// Gives the MIG instances of the query their profiles and UUIDs, and adds those that the query does not
    /// know.
    package mutating func add(_ list: NvidiaList) {
        for listed in list.devices {
            let position = devices.firstIndex { device in
                if let uuid = device.uuid, let other = listed.uuid { return uuid == other }
                return device.index == listed.index
            }
            guard let position else { continue }
            for instance in listed.migInstances {
                let known = devices[position].migInstances.firstIndex { $0.index == instance.index }
                if let known {
                    devices[position].migInstances[known].profile = instance.profile
                    devices[position].migInstances[known].uuid = instance.uuid
                } else {
                    devices[position].migInstances.append(instance)
                }
            }
        }
    }
}
