package import ClusterTypes
import TextForms

/// Which virtual machine of which cloud this is, as the cloud's metadata service says it.
package struct CloudInstance: Hashable, Sendable {
    /// Whose words they are.
    package enum Provider: String, Hashable, Sendable, CaseIterable {
        case aws, gcp, azure, openstack
    }

    package var provider: Provider
    /// Unique in its zone at least: "i-0abc…", on GCP the name.
    package var id: String
    /// "p4d.24xlarge"; OpenStack does not say it.
    package var type: String?
    package var region: String?
    package var zone: String?
    /// It may be taken away at any time; nil where that is not said.
    package var isSpot: Bool?

    /// The instance's document; nil where the text is none, or has no id.
    ///
    /// - Parameter text: JSON of AWS's instance identity, GCP's `instance/?recursive=true`, Azure's `instance` or
    ///   OpenStack's `meta_data.json`.
    package init?(_ provider: Provider, parsing text: String) {
        guard let json = JSONReader.document(text)?.value else { return nil }
        func known(_ value: JSONValue?) -> String? { value?.text.flatMap { Scan.identifier($0) } }
        /// "projects/1/zones/us-central1-a" is "us-central1-a".
        func last(_ value: JSONValue?) -> String? {
            known(value).flatMap { $0.split(separator: "/").last.map(String.init) }
        }
        let id: String?
        self.provider = provider
        switch provider {
        case .aws:
            id = known(json.at("instanceid"))
            type = known(json.at("instancetype"))
            region = known(json.at("region"))
            zone = known(json.at("availabilityzone"))
        case .gcp:
            id = known(json.at("name"))
            type = last(json.at("machinetype"))
            zone = last(json.at("zone"))
            region = zone.flatMap { zone in zone.lastIndex(of: "-").map { String(zone[..<$0]) } }
            isSpot = known(json.at("scheduling", "preemptible")).map { $0.lowercased() == "true" }
        case .azure:
            id = known(json.at("compute", "vmid"))
            type = known(json.at("compute", "vmsize"))
            region = known(json.at("compute", "location"))
            zone = known(json.at("compute", "zone"))
            isSpot = known(json.at("compute", "priority")).map { $0.lowercased() == "spot" }
        case .openstack:
            id = known(json.at("uuid"))
            zone = known(json.at("availabilityzone"))
        }
        guard let id else { return nil }
        self.id = id
    }

    /// For jobs to ask for: `cloud`, `cloud-instance`, `cloud-type`, `cloud-region`, `cloud-zone`, `cloud-spot`; what is
    /// not known is left out.
    package var labels: [Label] {
        let texts = [
            ("cloud", provider.rawValue), ("cloud-instance", id), ("cloud-type", type),
            ("cloud-region", region),
            ("cloud-zone", zone), ("cloud-spot", isSpot.map { String($0) }),
        ]
        return texts.compactMap { key, text in text.map { Label(key, $0) } }
    }
}
