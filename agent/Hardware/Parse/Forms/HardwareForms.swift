package import TextForms

extension ToolForm {
    /// All that Mortise reads of machines, the most particular ones first; each vendor has its own file beside this one.
    package static var hardware: [ToolForm] { nvidia + ascend + accelerators + machine }
}

extension SavedReader {
    /// Of the outputs of tools that tell of a machine.
    package static var hardware: SavedReader { SavedReader(forms: ToolForm.hardware) }
}
