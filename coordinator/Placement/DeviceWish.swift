package import ClusterTypes

/// What a request says of each of its devices.
extension DeviceRequest {
    /// What a slot takes of this device, in 1/1000; nil where it has not so much memory.
    package func shares(of device: DeviceCapacity) -> UInt32? { shares(ofMemory: device.memoryBytes) }

    /// Each device must have so many bytes in all.
    var leastMemoryBytes: Int64 { max(memoryBytes, memoryShareBytes ?? 0) }

    /// It is of the type and of one of the models, used or not.
    var wish: DeviceWish { DeviceWish(type: type, models: models.map { $0.lowercased() }) }
}

/// Type and model that devices are to have.
struct DeviceWish {
    let type: DeviceType
    /// In small letters; empty: any.
    let models: [String]

    /// True for the type, and where one of `models` is one of the model name's words ("A100" in "NVIDIA A100-SXM4-80GB"),
    /// or all of it, or the vendor. A part of a device ("NVIDIA H100 MIG 3g.40gb", "Ascend 310P3 vNPU vir02") answers
    /// to its own words alone: "MIG", "3g.40gb".
    func admits(_ device: DeviceCapacity) -> Bool {
        guard type == device.type else { return false }
        guard !models.isEmpty else { return true }
        let model = device.model.lowercased()
        if models.contains(model) { return true }
        let profile = model.split(separator: " ").drop { $0 != "mig" && $0 != "vnpu" }
        guard profile.isEmpty else { return profile.contains { word in models.contains { $0 == word } } }
        if let vendor = device.vendor, models.contains(vendor) { return true }
        return model.split { !($0.isLetter || $0.isNumber) }.contains { word in models.contains { $0 == word }
        }
    }
}

extension PlacementNode {
    /// How many bytes more would have to be free on the device that lacks least (of several the last that is needed)
    /// for such a share; nil where the node has too few devices that could ever do, or none of them lacks any.
    package func lackOfDeviceMemory(for request: DeviceRequest) -> Int64? {
        guard let wanted = request.memoryShareBytes else { return nil }
        let wish = request.wish
        let lacks = capacity.devices.indices.compactMap { position -> Int64? in
            let device = capacity.devices[position]
            guard device.isUsable, wish.admits(device), device.memoryBytes >= request.leastMemoryBytes,
                let shares = request.shares(of: device)
            else { return nil }
            if shares <= freeShares[position] { return 0 }
            let whole = Int64(wholeDeviceShares)
            let (thousandths, rest) = device.memoryBytes.quotientAndRemainder(dividingBy: whole)
            let free = Int64(freeShares[position])
            return wanted - thousandths * free - rest * free / whole
        }.sorted()
        let position = Int(request.count) - 1
        return lacks.indices.contains(position) && lacks[position] > 0 ? lacks[position] : nil
    }
}

extension Int64 {
    /// Bytes: `20 GiB`, or what is not whole in MiB, rounded up.
    package var binaryBytes: String {
        self % (1 << 30) == 0 ? "\(self >> 30) GiB" : "\((self >> 20) + (self % (1 << 20) > 0 ? 1 : 0)) MiB"
    }
}
