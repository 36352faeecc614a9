import ArgumentParser
import Inventory
import Terminal

struct InventoryImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read an inventory in any form and print it as Mortise's own.",
        discussion: """
            Read are inventories of Mortise, cluster files of Scalebox, hosts.json of st-kilda-pier and of the Hybrid \
            Cloud scripts, /etc/hosts, NodeName lines of slurm.conf, and Ansible's YAML and INI. No coordinator is needed.

            Example: take the hosts of a Scalebox cluster into a pool of kind ssh (launcher: { ssh: { inventory: \
            hosts.yaml } }):

              mortise inventory import mycluster.yaml --cluster inline-cluster --output hosts.yaml
            """)

    @OptionGroup var source: InventorySource
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    @Argument(help: "The file; - is standard input.", completion: .file())
    var file: String

    func run() async throws {
        let read = try source.read(file, common)
        try output.write(InventoryWriter.write(read.inventory, as: .yaml).text)
        common.note(
            "\(HumanUnits.count(read.inventory.hosts.count, "host")) read as '\(read.form.rawValue)'.")
    }
}
