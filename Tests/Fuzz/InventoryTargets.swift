import Inventory
import YAMLSections

// Lists of hosts, in all their forms.

extension FuzzTarget {
    /// A digit at the beginning names the form; without, it is recognized.
    static var inventories: FuzzTarget {
        FuzzTarget(name: "inventories", inputBytes: 2_048) { bytes in
            var text = text(bytes)
            var options = InventoryOptions()
            if let digit = text.first?.wholeNumberValue, digit < InventoryForm.allCases.count {
                options.form = InventoryForm.allCases[digit]
                text.removeFirst()
            }
            do throws(FileError) {
                let file = try InventoryReader.parse(text, file: "hosts", options) { name in
                    name == "NAME" ? "10.0.0.5" : nil
                }
                checkWritten(file.inventory)
            } catch {
                precondition(
                    error.faults.allSatisfy { !$0.message.isEmpty && ($0.line ?? 1) >= 1 }, "\(error)")
            }
        }
    }

    /// What carries everything is read as it was; the others write what they can read.
    private static func checkWritten(_ inventory: HostInventory) {
        func read(_ output: InventoryOutput, as form: InventoryForm) -> HostInventory? {
            var options = InventoryOptions()
            options.form = form
            let text = InventoryWriter.write(inventory, as: output, domain: "lab").text
            return try? InventoryReader.parse(text, file: "hosts", options).inventory
        }
        precondition(read(.yaml, as: .yaml) == inventory, "not the same: \(inventory)")
        precondition(read(.ansible, as: .ansible) == inventory, "not the same for Ansible: \(inventory)")
        let names = inventory.hosts.map(\.name)
        precondition(read(.slurm, as: .slurm)?.hosts.map(\.name) == names, "not for Slurm: \(inventory)")
        let block = InventoryWriter.write(inventory, as: .hosts).text
        precondition((try? HostsBlock.merge(block, into: block)) == block, "not twice: \(block)")
    }
}
