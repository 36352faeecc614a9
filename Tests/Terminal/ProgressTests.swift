import Terminal
import Testing

struct ProgressTests {
    private let half = Progress(label: "job 7", succeeded: 480, failed: 20, running: 12, total: 1_000)

    @Test func `The words say the share, what runs, what failed and what is left`() {
        #expect(
            half.words(elapsed: .seconds(60))
                == "job 7  50% (500 of 1000)  12 running, 20 failed, 1m00s left")
        #expect(
            Progress(label: "job 7", succeeded: 0, failed: 0, running: 0, total: 10).words(elapsed: .zero)
                == "job 7  0% (0 of 10)  0 running")
    }

    @Test func `An open job has no share and no remaining time`() {
        let open = Progress(label: "job 7", succeeded: 50, failed: 0, running: 1, total: 100, isOpen: true)
        #expect(open.words(elapsed: .seconds(60)) == "job 7  50 of 100+  1 running")
    }

    @Test(arguments: [1, 5, 20, 59, 60, 80, 120, 400])
    func `The bar is never wider than asked`(width: Int) {
        #expect(DisplayWidth.of(half.bar(width: width, elapsed: .seconds(60))) <= width)
    }

    @Test func `The bar shows good, bad and missing parts`() {
        let bar = half.bar(width: 200, elapsed: .seconds(60))
        #expect(bar.hasPrefix("[###################!....................] job 7  50%"))
    }

    @Test func `One failure among many is seen`() {
        let progress = Progress(label: "x", succeeded: 99_999, failed: 1, running: 0, total: 100_000)
        #expect(
            progress.bar(width: 200, elapsed: .zero).hasPrefix("[#######################################!]"))
    }

    @Test func `A hundred percent means all`() {
        #expect(Progress(label: "x", succeeded: 999, failed: 0, running: 1, total: 1_000).percent == 99)
        #expect(Progress(label: "x", succeeded: 999, failed: 1, running: 0, total: 1_000).percent == 100)
        #expect(Progress(label: "x", succeeded: 0, failed: 0, running: 0, total: 0).percent == 0)
    }
}

struct ProgressPrinterTests {
    private func progress(_ succeeded: UInt64) -> Progress {
        Progress(label: "job 7", succeeded: succeeded, failed: 0, running: 1, total: 100)
    }

    @Test func `On a terminal one line moves and can be taken away`() {
        var printer = ProgressPrinter(device: TerminalDevice(isInteractive: true, width: 60, usesColor: true))
        let first = printer.update(progress(1), elapsed: .zero)
        #expect(first.hasPrefix("\r[") && first.hasSuffix("\u{1B}[K"))
        #expect(!first.contains("\n"))
        #expect(printer.clear() == "\r\u{1B}[K")
        #expect(printer.clear() == "")
    }

    @Test func `Elsewhere it is a plain line at most every few seconds and only when it changed`() {
        var printer = ProgressPrinter(device: .plain)
        #expect(printer.update(progress(1), elapsed: .zero) == "job 7  1% (1 of 100)  1 running\n")
        #expect(printer.update(progress(2), elapsed: .seconds(1)) == "")
        #expect(printer.update(progress(3), elapsed: .seconds(5)) == "job 7  3% (3 of 100)  1 running\n")
        #expect(printer.update(progress(3), elapsed: .seconds(60)) == "")
        #expect(printer.clear() == "")
    }
}

struct HumanUnitsTests {
    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1 KiB"), (1_536, "1.5 KiB"), (1_048_575, "1 MiB"),
        (16 << 20, "16 MiB"), (500_000_000, "477 MiB"), (Int64(85_899_345_920), "80 GiB"),
        (Int64.max, "8 EiB"), (-2_048, "-2 KiB"), (Int64.min, "-8 EiB"),
    ])
    func `Bytes are in binary units`(count: Int64, text: String) {
        #expect(HumanUnits.bytes(count) == text)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(850), "850ms"), (.seconds(45), "45s"), (.seconds(185), "3m05s"),
        (.seconds(7_800), "2h10m"), (.seconds(273_600), "3d04h"), (.seconds(-5), "0s"),
    ])
    func `Durations have their two largest units`(duration: Duration, text: String) {
        #expect(HumanUnits.duration(duration) == text)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.seconds(59), "59s"), (.seconds(61), "1m"), (.seconds(7_300), "2h"),
        (.seconds(200_000), "2d"), (.seconds(-1), "0s"),
    ])
    func `Ages have their largest unit alone`(duration: Duration, text: String) {
        #expect(HumanUnits.age(duration) == text)
    }

    @Test(arguments: [(1_500, "1.5"), (4_000, "4"), (1, "0.001"), (250, "0.25"), (-500, "-0.5"), (0, "0")])
    func `Thousandths lose needless zeros`(count: Int64, text: String) {
        #expect(HumanUnits.thousandths(count) == text)
    }

    @Test func `A noun follows its number`() {
        #expect(HumanUnits.count(1, "task") == "1 task")
        #expect(HumanUnits.count(0, "task") == "0 tasks")
    }
}
