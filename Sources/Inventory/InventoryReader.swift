package import YAMLSections
import Yams

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a file is to be read.
package struct InventoryOptions: Sendable, Hashable {
    /// nil: as it looks.
    package var form: InventoryForm?
    /// Of a Scalebox file; nil: its only one.
    package var cluster: String?
    /// Definitions of `${NAME}` in a Scalebox file, which win over all others.
    package var variables: [String: String] = [:]
    /// Files with such definitions; later ones win.
    package var definitionFiles: [String] = []

    package init() {}
}

/// What a file says.
package struct InventoryFile: Sendable {
    package var form: InventoryForm
    package var inventory: HostInventory
    /// What was left out, and what else should be known, in the order of the lines.
    package var notes: [Fault]
}

/// Reads inventories in all their forms. What is wrong in a file is said at once, all of it, with its place.
package enum InventoryReader {
    /// 16 MiB: 20,000 hosts with 800 bytes each.
    package static let fileBytes = 16 << 20
    private static let definitionBytes = 1 << 20

    /// Definitions of `${NAME}` come, those that win last, from `/etc/scalebox/environments`,
    /// `~/.scalebox/environments`, `scalebox.env` in the file's folder, the options' files, the environment, and the
    /// options. The first three are read where they are there.
    ///
    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - environment: the value of a variable.
    package static func read(
        path: String, _ options: InventoryOptions = InventoryOptions(),
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) throws(FileError) -> InventoryFile {
        let text = try YAMLText.read(path: path, limitBytes: fileBytes)
        let file = path == "-" ? "standard input" : path
        var failure: FileError?
        let result = try parse(text, file: file, options, environment: environment) {
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
            var definitions = Definitions()
            let standard = [
                "/etc/scalebox/environments", environment("HOME").map { $0 + "/.scalebox/environments" },
                folder + "scalebox.env",
            ].compactMap(\.self).filter { access($0, F_OK) == 0 }
            var faults: [Fault] = []
            for path in standard + options.definitionFiles {
                do throws(FileError) {
                    let text = try YAMLText.read(path: path, limitBytes: definitionBytes)
                    var list = FaultList(file: path)
                    definitions.read(text, &list) { options.variables[$0] ?? environment($0) }
                    faults += list.faults
                } catch {
                    faults += error.faults
                }
            }
            if !faults.isEmpty { failure = FileError(faults) }
            return definitions
        }
        if let failure { throw failure }
        return result
    }

    /// - Parameters:
    ///   - file: for messages.
    ///   - definitions: asked for where the file is of Scalebox.
    package static func parse(
        _ text: String, file: String, _ options: InventoryOptions = InventoryOptions(),
        environment: (String) -> String? = { _ in nil }, definitions: () -> Definitions = { Definitions() }
    ) throws(FileError) -> InventoryFile {
        // As some editors begin a file.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        let (form, root) = try recognize(text, file, options.form)
        var builder = InventoryBuilder(file: file)
        if form != .scalebox {
            let given = [
                options.cluster == nil ? nil : "a cluster",
                options.variables.isEmpty && options.definitionFiles.isEmpty ? nil : "definitions",
            ].compactMap(\.self)
            for what in given {
                builder.faults.add(
                    "\(what) can be given for a cluster file of Scalebox only; this is '\(form.rawValue)'",
                    line: nil)
            }
        }
        switch (form, root) {
        case (.yaml, let root?): OwnForm.read(root, &builder)
        case (.scalebox, let root?):
            var all = definitions()
            let names = Set(options.variables.keys)
            for (name, value) in options.variables { all.define(name, value) }
            ScaleboxCluster.read(root, cluster: options.cluster, &builder) { name in
                names.contains(name) ? all.value(of: name) : environment(name) ?? all.value(of: name)
            }
        case (.stKildaPier, let root?): StKildaPierHosts.read(root, &builder)
        case (.hybridCloud, let root?): HybridCloudHosts.read(root, &builder)
        case (.ansible, let root?): AnsibleYAML.read(root, &builder)
        case (.hosts, _): HostsFile.read(text, &builder)
        case (.slurm, _): SlurmNodes.read(text, &builder)
        case (.ansibleINI, _): AnsibleINI.read(text, &builder)
        case (.yaml, nil), (.scalebox, nil), (.stKildaPier, nil), (.hybridCloud, nil), (.ansible, nil): break
        }
        if builder.faults.faults.isEmpty, builder.inventory.hosts.isEmpty {
            builder.faults.add("there are no hosts in it", line: nil)
        }
        guard builder.faults.faults.isEmpty else {
            throw FileError(
                builder.faults.sorted.map { fault in
                    var fault = fault
                    fault.message = Braces.plain(fault.message)
                    return fault
                })
        }
        return InventoryFile(form: form, inventory: builder.inventory, notes: builder.notes.sorted)
    }

    // MARK: Forms

    private static func recognize(
        _ text: String, _ file: String, _ given: InventoryForm?
    ) throws(FileError) -> (form: InventoryForm, root: Node?) {
        switch given {
        case .hosts?, .slurm?, .ansibleINI?: return (given ?? .hosts, nil)
        case .scalebox?: return (.scalebox, try compose(Braces.hidden(text), file))
        case .yaml?, .stKildaPier?, .hybridCloud?, .ansible?: return (given ?? .yaml, try compose(text, file))
        case nil: break
        }
        let lines = FormRecognition.lineForms(text)
        if let form = try only(of: lines, file) { return (form, nil) }
        let root = try compose(Braces.hidden(text), file)
        guard let form = try only(of: FormRecognition.treeForms(root), file) else {
            throw FileError([
                Fault(
                    file: file,
                    message: "this looks like no inventory; name its form (--from): "
                        + InventoryForm.allCases.map(\.rawValue).joined(separator: ", "))
            ])
        }
        if form == .scalebox || !text.contains("${") { return (form, root) }
        return (form, try compose(text, file))
    }

    private static func only(
        of forms: [InventoryForm], _ file: String
    ) throws(FileError) -> InventoryForm? {
        guard forms.count > 1 else { return forms.first }
        throw FileError([
            Fault(
                file: file,
                message: "this may be \(forms.map(\.rawValue).joined(separator: " or ")): say which (--from)")
        ])
    }

    private static func compose(_ text: String, _ file: String) throws(FileError) -> Node {
        try YAMLText.compose(text, file: file, empty: "an inventory names at least one host")
    }
}
