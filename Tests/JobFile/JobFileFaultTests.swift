import JobFile
import Testing
import YAMLSections

struct JobFileFaultTests {
    /// Lines of `job.yaml:LINE:COLUMN: message`.
    private func faults(_ text: String) -> [String] {
        do throws(FileError) {
            _ = try JobFileReader.parse(text, file: "job.yaml")
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    /// Of one wrong line below a job that is otherwise right; the line is the third.
    private func fault(_ line: String, kind: String = "batch") -> String {
        faults("job: j\ncommand: [a, \"{}\"]\n\(line)\nkind: \(kind)\n").joined(separator: "\n")
    }

    @Test func `An unknown key is named with its place and the near one`() {
        #expect(fault("retry: 3") == "job.yaml:3:1: unknown key 'retry'; did you mean 'retries'?")
        #expect(
            fault("resources: { cpu: 1 }")
                == "job.yaml:3:14: unknown key 'cpu' in 'resources'; did you mean 'cpus'?")
        #expect(
            fault("resources: { devices: { type: gpu, modle: A100 } }")
                == "job.yaml:3:36: unknown key 'modle' in 'resources.devices'; did you mean 'model'?")
        #expect(
            fault("constraints: { label: { a: b } }")
                == "job.yaml:3:16: unknown key 'label' in 'constraints'; did you mean 'labels'?")
        #expect(fault("xyzzy: 3").hasPrefix("job.yaml:3:1: unknown key 'xyzzy'; keys are app, job, kind, "))
    }

    @Test(arguments: [
        (
            "timeout: 90",
            "job.yaml:3:10: 'timeout': '90' has no unit; write for example 90s (units are ms s m h d)"
        ),
        ("timeout: 1500ms", "job.yaml:3:10: 'timeout': '1500ms' is no whole number of seconds"),
        ("timeout: 0s", "job.yaml:3:10: 'timeout' is 0, must be in 1...31536000"),
        ("stop_grace: 2h", "job.yaml:3:13: 'stop_grace' is 7200, must be in 0...3600"),
        ("crash_limit: 101", "job.yaml:3:14: 'crash_limit' is 101, must be in 0...100"),
        ("output_limit: 1KiB", "job.yaml:3:15: 'output_limit' is 1024, must be in 4096...1073741824"),
        (
            "output_limit: 16MB5",
            "job.yaml:3:15: 'output_limit': '16MB5' has the unknown unit 'MB5'; units are B KB MB GB TB PB KiB MiB GiB TiB PiB"
        ),
        ("priority: 5000", "job.yaml:3:11: 'priority' is 5000, must be in -1000...1000"),
        ("priority: \"5\"", "job.yaml:3:11: 'priority' is a number and is written without quotes"),
        ("priority: 5x", "job.yaml:3:11: 'priority': '5x' is no whole number"),
        (
            "on_lost: requeu",
            "job.yaml:3:10: 'on_lost': 'requeu' is not known; choose requeue, fail; did you mean 'requeue'?"
        ),
        ("on_disconnect: true", "job.yaml:3:16: 'on_disconnect': 'true' is not known; choose stop, keep"),
        ("runtime: docker", "job.yaml:3:10: 'runtime': 'docker' is not known; the only choice is process"),
        ("directory: data", "job.yaml:3:12: 'directory' must be an absolute path"),
        ("env: [A]", "job.yaml:3:6: 'env' must be names with values, such as { NAME: value }"),
        ("env: { A: [1] }", "job.yaml:3:11: 'env.A' must be a single value, not a list or keys"),
        (
            "env: { A: }",
            "job.yaml:3:11: 'env.A' has no value; leave the key out, or write \"\" for an empty text"
        ),
        ("env: { \"A=B\": 1 }", "job.yaml:3:8: 'env': 'A=B' is no name of a variable"),
        ("slots: 0", "job.yaml:3:8: 'slots': 0 slots run nothing; the least is 1"),
        ("slots: \"4\"", "job.yaml:3:8: 'slots' is a number and is written without quotes"),
        (
            "slots: { min: 5, max: 2 }",
            "job.yaml:3:8: 'slots': the least number of slots (5) is above the greatest (2)"
        ),
        ("slots: { min: x }", "job.yaml:3:15: 'slots.min': 'x' is no whole number"),
        ("script: echo", "job.yaml:3:9: give either 'command' or 'script', not both"),
        ("retries: { \"0\": 1 }", "job.yaml:3:10: 'retries': exit code 0 is success and is not retried"),
        ("retries: 91:1, 91:2", "job.yaml:3:10: 'retries': exit code 91 is given twice"),
        ("retries: 20000", "job.yaml:3:10: 'retries' (any) is 20000, must be in 0...10000"),
        ("app: ", "job.yaml:3:5: 'app' has no value; leave the key out, or write \"\" for an empty text"),
        (
            "app: !!binary aGk=",
            "job.yaml:3:6: 'app' has the tag tag:yaml.org,2002:binary; tags are not understood here"
        ),
        (
            "tasks: { array: 1-5 }",
            "job.yaml:3:8: 'tasks' belongs to kind tasks, and this job's kind is batch"
        ),
        ("resources: 4", "job.yaml:3:12: 'resources' must be keys with values, such as cpus: …"),
    ])
    func `A wrong value is named with its key and place`(line: String, expected: String) {
        #expect(fault(line) == expected)
    }

    @Test(arguments: [
        ("{ memory: 2 }", "'resources.memory': '2' has no unit; write for example 2MB or 2GiB"),
        (
            "{ memory: 2G }",
            "'resources.memory': '2G' has the unknown unit 'G'; units are B KB MB GB TB PB KiB MiB GiB TiB PiB; did you mean '2GB'?"
        ),
        (
            "{ memory: lots }",
            "'resources.memory': 'lots' is no amount of bytes; write for example 2GiB or 500MB"
        ),
        ("{ cpus: 0 }", "'resources.cpus': '0' cores: the least is 0.001"),
        ("{ cpus: 1.0005 }", "'resources.cpus': '1.0005' cores: the smallest step is 0.001"),
        ("{ cpus: \"2\" }", "'resources.cpus' is a number and is written without quotes"),
        ("{ cpus: 2GiB }", "'resources.cpus': '2GiB' is no number of cores; write for example 4 or 1.5"),
        ("{ devices: { count: 1 } }", "'resources.devices.type' is missing: gpu or npu"),
        (
            "{ devices: { type: tpu } }",
            "'resources.devices.type': 'tpu' is not known; choose gpu, npu; did you mean 'gpu'?"
        ),
        (
            "{ devices: { type: gpu, count: 0 } }",
            "'resources.devices.count': 0 devices; leave 'devices' out, or ask for at least 1"
        ),
        (
            "{ devices: { type: gpu, share: 0.5, memory_share: 2GiB } }",
            "'resources.devices.memory_share' does not go with 'share': give one of them"
        ),
        (
            "{ devices: { type: gpu, memory_share: 20 } }",
            "'resources.devices.memory_share': '20' has no unit; write for example 20MB or 20GiB"
        ),
        (
            "{ devices: { type: gpu, share: 1.5 } }",
            "'resources.devices.share': '1.5' of a device: a share is from 0.001 to 1; for more devices raise the count"
        ),
    ])
    func `A wrong resource is named with its key`(resources: String, expected: String) {
        let found = fault("resources: \(resources)")
        #expect(found.hasPrefix("job.yaml:3:"))
        #expect(found.hasSuffix(": " + expected), "\(found)")
    }

    @Test(arguments: [
        (
            "{ array: 10 }",
            "'tasks.array': '10' is no range of tasks; write FIRST-LAST or FIRST-LAST:STEP, for example 1-1000 or 0-99:2"
        ),
        ("{ array: 9-1 }", "'tasks.array': '9-1' is an empty range of tasks: 9 is after 1"),
        ("{ array: 1-9:0 }", "'tasks.array': '1-9:0': the step of a range is at least 1"),
        ("{ array: 1-9, list: [a] }", "'tasks' has more than one source: array, list"),
        ("{ array: 1-9, open: true }", "'tasks': an array has all its tasks; it cannot be open"),
        ("{ open: false }", "'tasks' needs an array, lines, json or list, or open: true"),
        ("{ open: maybe }", "'tasks.open': 'maybe' is neither true nor false"),
        ("{ list: a }", "'tasks.list' must be a list, such as [a, b]"),
        ("{ array: 0-20000000 }", "'tasks.array' has more than 10000000 tasks; use several jobs"),
    ])
    func `A wrong source of tasks is named`(tasks: String, expected: String) {
        let found = fault("tasks: \(tasks)", kind: "tasks")
        #expect(found.contains(": " + expected), "\(found)")
    }

    @Test func `All faults are reported at once, in the order of the lines`() {
        #expect(
            faults(
                """
                kind: taskz
                retry: 3
                comand: [a]
                resources: { memory: 2, cpus: 0 }
                timeout: 90
                """)
                == [
                    "job.yaml:1:1: 'job' is missing: the job needs a name",
                    "job.yaml:1:7: 'kind': 'taskz' is not known; choose batch, service, tasks; did you mean 'tasks'?",
                    "job.yaml:2:1: unknown key 'retry'; did you mean 'retries'?",
                    "job.yaml:3:1: unknown key 'comand'; did you mean 'command'?",
                    "job.yaml:4:22: 'resources.memory': '2' has no unit; write for example 2MB or 2GiB",
                    "job.yaml:4:31: 'resources.cpus': '0' cores: the least is 0.001",
                    "job.yaml:5:10: 'timeout': '90' has no unit; write for example 90s (units are ms s m h d)",
                ])
    }

    @Test func `A line of shell as the command is refused with advice`() {
        #expect(
            faults("job: j\ncommand: echo hello\n") == [
                "job.yaml:2:10: 'command' is a list of arguments, such as [convert, \"{}\", out.png]; for a line of shell use 'script'"
            ])
        #expect(faults("job: j\ncommand: []\n").first?.contains("'command' is an empty list") == true)
    }

    @Test func `Tasks are asked for where the kind needs them`() {
        #expect(
            faults("job: j\nkind: tasks\ncommand: [a]\n") == [
                "job.yaml:1:1: 'tasks' is missing: a job of kind tasks needs an array, lines, json or list, or open: true"
            ])
    }

    @Test(arguments: ["", "# nothing\n", "---\n"])
    func `An empty file is no job`(text: String) {
        #expect(faults(text).count == 1)
    }

    @Test func `What is no YAML is reported with its line`() {
        #expect(faults("job: [a\nb: c\n").first?.hasPrefix("job.yaml:2:2: this is no YAML: ") == true)
        #expect(
            faults("job: j\n\tcommand: [a]\n").first?.hasPrefix("job.yaml:2:1: this is no YAML: ") == true)
        #expect(faults("job: j\njob: k\n").first?.contains("the key 'job' is given more than once") == true)
        #expect(
            faults("job: j\ncommand: [a]\n---\njob: k\n").first?.hasPrefix("job.yaml:3:1: this is no YAML")
                == true)
        #expect(faults("job: \u{1}\n").first?.hasPrefix("job.yaml:1: this is no YAML") == true)
        #expect(
            faults("- a\n- b\n") == ["job.yaml:1:1: the file must be keys with values, such as app: …"])
    }

    @Test func `Deep nesting is refused and does not overflow the stack`() {
        let depth = 100_000
        let found = faults("job: " + String(repeating: "[", count: depth) + "\n")
        #expect(found.count == 1)
        #expect(found.first?.contains("this is no YAML") == true)
    }

    @Test func `A file that is missing is named`() {
        #expect(throws: FileError.self) { try JobFileReader.read(path: "/nonexistent/job.yaml") }
        do throws(FileError) {
            _ = try JobFileReader.read(path: "/nonexistent/job.yaml")
        } catch {
            #expect(error.description == "/nonexistent/job.yaml: cannot be opened: No such file or directory")
        }
    }
}
