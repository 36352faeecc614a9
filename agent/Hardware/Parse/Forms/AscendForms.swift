extension ToolForm {
    static var ascend: [ToolForm] { [] }
}
