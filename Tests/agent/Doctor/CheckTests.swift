import AgentDoctor
import AgentHardware
import ClusterTypes
import ProtocolMessages
import Testing

@Suite struct CheckTests {
    private func moment(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    // MARK: - Clock

    @Test("The time of an answer is read in the form that servers send, and in no other")
    func answerTime() {
        #expect(HTTPMoment.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPMoment.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPMoment.seconds("Thu, 29 Feb 2024 23:59:59 GMT") == 1_709_251_199)
        for text in [
            "", "GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 ::: GMT",
        ] { #expect(HTTPMoment.seconds(text) == nil, "\(text)") }
    }

    @Test("A clock is judged by what is certain: the time that the answer took and whole seconds excuse it")
    func clockSkew() {
        func state(_ server: Int64, asked: Int64, answered: Int64) -> Check {
            .clock(of: "https://a", serverSeconds: server, asked: moment(asked), answered: moment(answered))
        }
        #expect(state(1_000, asked: 1_000, answered: 1_000).state == .ok)
        #expect(state(1_000, asked: 1_007, answered: 1_007).state == .ok)
        #expect(state(1_000, asked: 900, answered: 1_100).state == .ok)
        let ahead = state(1_000, asked: 1_012, answered: 1_013)
        #expect(ahead.state == .warning && ahead.found.contains("10 s ahead of"), "\(ahead)")
        let behind = state(1_000, asked: 600, answered: 601)
        #expect(behind.state == .failed && behind.found.contains("399 s behind"), "\(behind)")
        #expect(behind.mend?.contains("NTP") == true)
    }

    // MARK: - Identity

    @Test("A certificate is judged at its borders")
    func certificate() {
        func state(at now: Int64) -> Check.State {
            Check.certificate(
                notBefore: moment(100), notAfter: moment(400), renewalDue: moment(300), now: moment(now)
            ).state
        }
        #expect(
            [99, 100, 299, 300, 399, 400].map { state(at: $0) } == [
                .failed, .ok, .ok, .warning, .warning, .failed,
            ])
    }

    @Test("A key that others may read fails; names that say nothing are warned of")
    func keyAndName() {
        #expect(Check.keyFile("k", mode: 0o600, isOwn: true).state == .ok)
        #expect(Check.keyFile("k", mode: 0o400, isOwn: true).state == .ok)
        #expect(Check.keyFile("k", mode: 0o640, isOwn: true).state == .warning)
        let open = Check.keyFile("/d/node.key", mode: 0o604, isOwn: true)
        #expect(open.state == .failed && open.mend == "Run: chmod 600 '/d/node.key'", "\(open)")
        #expect(open.found.contains("0604"))
        #expect(Check.keyFile("k", mode: 0o600, isOwn: false).state == .warning)
        #expect(Check.nodeName("gpu-17.example").state == .ok)
        for name in ["", "localhost", "localhost.localdomain", "two words", "naïve"] {
            #expect(Check.nodeName(name).state == .warning, "\(name)")
        }
    }

    @Test("Without an identity nothing has failed, and it says how to join")
    func notJoined() {
        let check = Check.notJoined(directory: "/d", hasToken: false, hasKey: true)
        #expect(check.state == .skipped && check.mend?.contains("token create") == true, "\(check)")
        #expect(check.found.contains("a key is there"))
    }

    // MARK: - Reach

    @Test("A way to a coordinator is told step by step; what comes after the fault was not tried")
    func steps() {
        var reach = Reach(subject: "https://head:1", steps: [.resolve, .connect, .tls, .answer])
        reach.passed = [.init(.resolve, "10.0.0.1", .microseconds(1_260))]
        reach.failure = .init(
            .connect, code: "refused", message: "10.0.0.1:1 refuses connections. Check the port.",
            .milliseconds(2))
        let checks = reach.checks(proxy: "proxy.example:3128")
        #expect(checks.map(\.state) == [.ok, .failed, .skipped, .skipped])
        #expect(checks[0].milliseconds == 1.3)
        #expect(checks[1].found == "10.0.0.1:1 refuses connections")
        #expect(checks[1].mend?.hasPrefix("Check the port. The agent dials by itself") == true, "\(checks)")
        #expect(checks[2].found == "not tried, connect failed")
        #expect(reach.checks(proxy: nil)[1].mend == "Check the port.")
    }

    @Test("One address of several is enough; a wrong clock stays what it is")
    func severalAddresses() {
        let good = [Check("connect", .ok, "")]
        let bad = [Check("connect", .failed, "refused"), Check("clock", .failed, "off")]
        #expect(Reach.softened([bad, bad]) == [bad, bad])
        let softened = Reach.softened([bad, good])
        #expect(softened[1] == good)
        #expect(softened[0].map(\.state) == [.warning, .failed])
        #expect(softened[0][0].found == "refused (another address is reached)")
    }

    // MARK: - Proxy

    @Test("A proxy is named without its user and password")
    func proxySecrets() {
        for text in [
            "http://user:secret@proxy.example:3128/", "user:secret@proxy.example:3128",
            "http://user:sec/ret@proxy.example:3128", "https://user:s@cret@proxy.example:3128/path",
        ] {
            let settings = ProxySettings { $0 == "https_proxy" ? text : nil }
            #expect(settings.proxy?.address == "proxy.example:3128", "\(text)")
            let check = settings.check(hosts: ["head"])
            #expect(check.found.contains("proxy.example:3128") && check.found.contains("does not use it"))
        }
        #expect(ProxySettings { _ in nil }.check(hosts: []).found == "none is set")
    }

    @Test("no_proxy excepts a host, its subdomains, or all")
    func exceptions() {
        let settings = ProxySettings { $0 == "no_proxy" ? "head.example, .internal,10.0.0.1" : nil }
        #expect(settings.excepts("head.example") && settings.excepts("A.HEAD.example"))
        #expect(settings.excepts("x.internal") && settings.excepts("10.0.0.1"))
        #expect(!settings.excepts("ahead.example") && !settings.excepts("10.0.0.11"))
        #expect(ProxySettings { $0 == "NO_PROXY" ? "*" : nil }.excepts("anything"))
    }

    // MARK: - The whole

    @Test("The whole is as bad as its worst check; skipped ones do not count")
    func diagnosis() {
        let ok = Check("a", .ok, "")
        let skipped = Check("a", .skipped, "")
        let warning = Check("a", .warning, "")
        let failed = Check("a", .failed, "")
        #expect(Diagnosis(version: "1", checks: [skipped]).state == .ok)
        let warned = Diagnosis(version: "1", checks: [ok, warning, skipped])
        #expect(warned.state == .warning && warned.exitCode == 0)
        #expect(warned.summary == "1 ok, 1 warning, 0 failed, 1 skipped")
        #expect(Diagnosis(version: "1", checks: [ok, failed, warning]).exitCode == 1)
    }
}
