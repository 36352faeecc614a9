import Foundation
import Testing

@testable import Platform

@Suite("Commands on another host")
struct LoginShellTests {
    @Test func `Nothing that a shell would take for more than a word goes to it unquoted`() throws {
        let words = ["--constraint=a&b", "it's", "", "plain=1,2", "$HOME `id`\\", "a\nb"]
        #expect(LoginShell.quoted(words[3]) == "plain=1,2")
        let script = LoginShell.script(
            ["printf", "<%s>"] + words + ["of $NAME"], environment: ["NAME=a 'b' $c"], input: nil)
        #expect(try shell(script + "") == words.map { "<\($0)>" }.joined() + "<of $NAME>")
    }

    @Test func `Variables and input reach the command, and stand in no argument`() throws {
        let script = LoginShell.script(
            ["sh", "-c", #"printf %s "$SECRET"; cat"#], environment: ["SECRET=a 'b' $c"], input: "one\ntwo $x"
        )
        #expect(try shell(script) == "a 'b' $cone\ntwo $x\n")
        let arguments = LoginShell("alice@head").arguments
        #expect(arguments.contains("BatchMode=yes") && arguments.contains("StrictHostKeyChecking=yes"))
        #expect(arguments.suffix(3) == ["--", "alice@head", "sh -ls"])
    }

    @Test func `A host is one word that is no option`() {
        for host in ["head", "alice@head.example.org", "[fe80::1%eth0]"] {
            #expect(LoginShell.isHost(host), "\(host)")
        }
        for host in ["", "-oProxyCommand=x", "a b", "a;b", "$(id)", "a\nb"] {
            #expect(!LoginShell.isHost(host), "\(host)")
        }
    }

    private func shell(_ script: String) throws -> String {
        let result = ToolRunner().run(
            "sh", ["-s"], input: .bytes(Array(script.utf8)), deadline: .seconds(60))
        guard case .exited(0, let output, _) = result else {
            Issue.record("\(result)")
            return ""
        }
        return String(decoding: output, as: UTF8.self)
    }
}
