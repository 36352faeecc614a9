import Platform
import Testing

@Suite("The platform seam")
struct PlatformTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a lock has one holder and is free once that lets go`() throws {
        let path = folder.path + "/lock"
        var first = try FileLock(path: path)
        #expect(first != nil)
        #expect(try FileLock(path: path) == nil)
        first = nil
        #expect(try FileLock(path: path) != nil)
        #expect(throws: SystemError.self) { try FileLock(path: folder.path + "/missing/lock") }
    }

    @Test func `a file is replaced whole and read with a limit`() throws {
        let path = folder.path + "/file"
        #expect(try AtomicFile.read(path) == nil)
        try AtomicFile.write([1, 2, 3], to: path)
        try AtomicFile.write([4, 5], to: path)
        #expect(try AtomicFile.read(path) == [4, 5])
        #expect(try Files.names(in: folder.path) == ["file"])
        #expect(throws: SystemError.self) { try AtomicFile.read(path, limitBytes: 1) }
        let error = #expect(throws: SystemError.self) {
            try AtomicFile.write([], to: folder.path + "/missing/file")
        }
        #expect(error?.description.contains("no such file or directory") == true)
    }

    @Test func `a folder is removed with all that is in it, and no link is followed`() throws {
        try Files.makeFolders(folder.path + "/kept")
        try AtomicFile.write([1], to: folder.path + "/kept/file")
        try Files.makeFolders(folder.path + "/gone/deep/deeper")
        let link = CStringArray(["ln", "-s", folder.path + "/kept", folder.path + "/gone/deep/link"])
        let process = try Program.start(
            "/bin/ln", arguments: link, environment: CStringArray([]), folder: nil,
            streams: Program.Streams(),
            isDetached: true)
        while !Children.reap(process) {}
        #expect(FileStatus(of: folder.path + "/gone/deep/link/file") != nil)
        try Files.removeTree(folder.path + "/gone")
        try Files.removeTree(folder.path + "/gone")
        #expect(try Files.names(in: folder.path) == ["kept"])
        #expect(try Files.names(in: folder.path + "/kept") == ["file"])
    }

    @Test func `a program that does not start says where it failed`() throws {
        func stage(_ path: String, in folder: String?) -> Program.Failure.Stage? {
            do throws(Program.Failure) {
                _ = try Program.start(
                    path, arguments: CStringArray([path]), environment: CStringArray([]), folder: folder,
                    streams: Program.Streams())
                return nil
            } catch {
                return error.stage
            }
        }
        #expect(stage("/nowhere", in: nil) == .exec)
        #expect(stage("/bin/true", in: "/nowhere") == .folder)
    }

    @Test func `the clocks and the machine's names are there`() throws {
        let before = SteadyClock.sinceBoot()
        #expect(SteadyClock.now() > 1_700_000_000_000_000)
        #expect(SteadyClock.sinceBoot() >= before)
        #expect(!BootID.current.isEmpty)
        #expect(!Host.name.isEmpty)
        #expect(try DiskSpace(of: folder.path).totalBytes > 0)
        #expect(SystemError.text(of: 2) == "no such file or directory")
    }
}

struct ProgramCodeTests {
    @Test func `only this program's own code is let go, nothing that may have been written`() {
        let program = "/opt/mortise/mortise-agent"
        #expect(
            ProgramCode.codeRange(
                in: "1000-3000 r-xp 00001000 fe:00 12                         /opt/mortise/mortise-agent",
                of: program)
                == 0x1000..<0x3000)
        for line in [
            "1000-3000 r--p 00001000 fe:00 12  /opt/mortise/mortise-agent",
            "1000-3000 rw-p 00001000 fe:00 12  /opt/mortise/mortise-agent",
            "1000-3000 r-xp 00001000 fe:00 12  /usr/lib/libc.so.6", "1000-3000 r-xp 00000000 00:00 0",
            "3000 r-xp",
            "3000-1000 r-xp 00001000 fe:00 12  /opt/mortise/mortise-agent", "",
        ] {
            #expect(ProgramCode.codeRange(in: line[...], of: program) == nil)
        }
    }
}
