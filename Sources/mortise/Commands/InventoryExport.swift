import APITypes
import ArgumentParser
import Inventory
import Platform
import Terminal
import YAMLSections

struct InventoryExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print an inventory, or the nodes of the cluster, for /etc/hosts, Slurm or Ansible.",
        discussion: """
            Lines for /etc/hosts stand between two marks. With --merge the lines between them are replaced in the file of \
            --output, and all others stay.

            Example: let this machine know all hosts by name; once more changes nothing:

              mortise inventory export hosts.yaml --to hosts --output /etc/hosts --merge

            Example: the cluster's nodes as Ansible's inventory:

              mortise inventory export --nodes --to ansible --output nodes.yaml
            """)

    @OptionGroup var source: InventorySource
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    @Option(name: .customLong("to"), help: "The form to print.")
    var form: InventoryOutput

    @Option(help: "With --to hosts: the names also with this domain, as in 'c1.example.org c1'.")
    var domain: String?

    @Flag(help: "With --to hosts and --output: replace only the lines between the marks.")
    var merge = false

    @Flag(help: "The nodes that the coordinator has, instead of a file.")
    var nodes = false

    @Argument(help: "The file; - is standard input.", completion: .file())
    var file: String?

    func validate() throws {
        guard nodes != (file != nil) else { throw ValidationError("give a file, or --nodes") }
        if form != .hosts, merge || domain != nil {
            throw ValidationError("--merge and --domain go with --to hosts")
        }
        if merge, output.output == nil { throw ValidationError("--merge needs --output") }
        if let domain, !Self.isDomain(domain) { throw ValidationError("'\(domain)' is no domain") }
    }

    func run() async throws {
        let inventory: HostInventory
        if let file {
            inventory = try source.read(file, common).inventory
        } else {
            let page = try await common.client().nodes(includesReleased: false)
            let (hosts, left) = NodeInventory.hosts(of: page.items, isByMachine: form != .hosts)
            for note in left { common.note(note) }
            inventory = HostInventory(hosts: hosts)
        }
        let (text, notes) = InventoryWriter.write(inventory, as: form, domain: domain)
        for note in notes { common.note(note) }
        guard merge, let path = output.output else { return try output.write(text) }
        let before = try existing(path)
        for note in HostsBlock.conflicts(of: inventory, in: before) { common.note("\(path): \(note)") }
        let after: String
        do throws(GrammarError) {
            after = try HostsBlock.merge(text, into: before)
        } catch {
            throw CommandFailure(.invalidInput, "\(path): \(error.message)")
        }
        if after != before { try output.write(after, replaces: true) }
    }

    private func existing(_ path: String) throws -> String {
        do throws(SystemError) {
            let bytes = try AtomicFile.read(path, limitBytes: InventoryReader.fileBytes) ?? []
            guard UTF8Check.firstFault(in: bytes[...]) == nil else {
                throw SystemError(code: 0, attempt: "'\(path)' is not UTF-8 text")
            }
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw CommandFailure(.invalidInput, error.code == 0 ? error.attempt : "\(error)")
        }
    }

    private static func isDomain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 200 && text.first != "." && text.last != "."
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
    }
}
