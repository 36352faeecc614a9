extension ToolForm {
    static var machine: [ToolForm] { [] }
}
