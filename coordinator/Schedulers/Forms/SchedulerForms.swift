package import TextForms

extension ToolForm {
    /// All that Mortise reads of schedulers, the most particular ones first.
    package static var schedulers: [ToolForm] { slurm + torque }
}

extension SavedReader {
    /// Of the outputs of schedulers' commands.
    package static var schedulers: SavedReader { SavedReader(forms: ToolForm.schedulers) }
}
