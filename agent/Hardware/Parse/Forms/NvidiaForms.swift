extension ToolForm {
    static var nvidia: [ToolForm] { [] }
}
