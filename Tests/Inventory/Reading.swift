import Inventory
import YAMLSections

/// What is read of a text; an empty list of faults where all is right.
func read(
    _ text: String, as form: InventoryForm? = nil, cluster: String? = nil,
    variables: [String: String] = [:], environment: [String: String] = [:]
) throws(FileError) -> InventoryFile {
    var options = InventoryOptions()
    options.form = form
    options.cluster = cluster
    options.variables = variables
    return try InventoryReader.parse(text, file: "file", options, environment: { environment[$0] })
}

func faults(
    _ text: String, as form: InventoryForm? = nil, cluster: String? = nil,
    variables: [String: String] = [:], environment: [String: String] = [:]
) -> [String] {
    do throws(FileError) {
        _ = try read(
            text, as: form, cluster: cluster, variables: variables, environment: environment)
        return []
    } catch {
        return error.faults.map(\.description)
    }
}
