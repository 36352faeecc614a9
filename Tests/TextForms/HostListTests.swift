import TextForms
import Testing

@Suite("Lists of hosts")
struct HostListTests {
    @Test("lists become names")
    func names() {
        #expect(HostList.names("n[1-3,7]") == ["n1", "n2", "n3", "n7"])
        #expect(HostList.names("a,n[08-10]-x,b") == ["a", "n08-x", "n09-x", "n10-x", "b"])
        #expect(HostList.names("r[1-2]n[1-2]") == ["r1n1", "r1n2", "r2n1", "r2n2"])
        for text in ["", "n[1-3", "n[1-x]", "n[3-1]", "(Resources)", "n[0-999999999]", "a,,b"] {
            #expect(HostList.names(text) == nil, "\(text)")
        }
    }

    @Test("a name has so many brackets and no more, as each is a call within a call")
    func brackets() {
        #expect(HostList.names("n" + String(repeating: "[1]", count: 8)) == ["n11111111"])
        #expect(HostList.names("n" + String(repeating: "[1]", count: 9)) == nil)
        #expect(HostList.names(String(repeating: "[1]", count: 100_000)) == nil)
    }
}
