extension ToolForm {
    static var accelerators: [ToolForm] { [] }
}
