import Platform
import Testing

@Suite("Files of variables")
struct EnvironmentFileTests {
    private func fault(_ text: String) -> EnvironmentFile.Fault? {
        do throws(EnvironmentFile.Fault) {
            let file = try EnvironmentFile(parsing: text)
            Issue.record("read as \(file.variables)")
            return nil
        } catch {
            return error
        }
    }

    @Test func `What a shell and systemd take is taken`() throws {
        let file = try EnvironmentFile(
            parsing: """
                # The provider
                VC_NAME=hybridcloud
                export  PROVIDER_NAME="aws"\r
                  NFS_MOUNT_POINT=172.30.2.194:/export   # of the head node

                ; as systemd has it
                EMPTY=
                KEY='a $b "c"'
                MIXED="it\\"s"' 'here\\ too
                QUEUE_NAME=cloud
                QUEUE_NAME=burst
                """)
        let expected = [
            "VC_NAME": "hybridcloud", "PROVIDER_NAME": "aws", "NFS_MOUNT_POINT": "172.30.2.194:/export",
            "EMPTY": "", "KEY": #"a $b "c""#, "MIXED": #"it"s here too"#, "QUEUE_NAME": "burst",
        ]
        for (name, value) in expected { #expect(file[name] == value, "\(name)") }
        #expect(file["NOTHING"] == nil && file.variables.count == 8)
        #expect(try EnvironmentFile(parsing: "").variables.isEmpty)
    }

    @Test func `What would be another value in a shell is refused, with its line and without its value`() {
        #expect(fault("A=1\nKEY=secret$HOME")?.line == 2)
        for text in [
            "KEY=secret$HOME", "KEY=\"secret`id`\"", "KEY=secret other", "KEY='secret", "KEY=secret\\",
        ] {
            let fault = fault(text)
            #expect(fault?.message.contains("KEY") == true && fault?.message.contains("secret") == false)
        }
        #expect(fault("no assignment")?.message.contains("neither") == true)
        #expect(fault("1A=2")?.message.contains("'1A'") == true)
        #expect(fault("=2")?.message.contains("''") == true)
    }
}
