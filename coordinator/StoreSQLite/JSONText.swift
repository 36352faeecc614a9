import ClusterTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Values as JSON text, with one spelling for one value.
struct JSONText {
    private let encoder: JSONEncoder
    /// A job's row is put with every batch of its results, its specification never changes: encode it once.
    private var specifications: [JobID: (value: JobSpecification, text: String)] = [:]
    private var specificationBytes = 0
    /// What the texts of `specifications` may take before they are dropped: 64 MiB.
    private static let specificationBytesLimit = 64 << 20

    init() {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func text(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// - Parameter isLast: the job is over; its text is not kept.
    mutating func text(_ specification: JobSpecification, of job: JobID, isLast: Bool) throws -> String {
        if let known = specifications[job] {
            if isLast || known.value != specification { forget(job) }
            if known.value == specification { return known.text }
        }
        let text = try text(specification)
        guard !isLast else { return text }
        if specificationBytes + text.utf8.count > Self.specificationBytesLimit {
            specifications = [:]
            specificationBytes = 0
        }
        specifications[job] = (specification, text)
        specificationBytes += text.utf8.count
        return text
    }

    private mutating func forget(_ job: JobID) {
        specificationBytes -= specifications.removeValue(forKey: job)?.text.utf8.count ?? 0
    }
}
