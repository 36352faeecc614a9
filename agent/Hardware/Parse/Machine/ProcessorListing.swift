import ClusterTypes
import TextForms

/// What `lscpu` says, as text or JSON (`-J`), in any of the languages it is mostly run in; nil where it does not say.
package struct ProcessorListing: Hashable, Sendable {
    /// "x86_64", "aarch64".
    package var architecture: String?
    package var vendor: String?
    /// The first one's, where processors differ.
    package var model: String?
    /// All different ones, in order.
    package var models: [String] = []
    package var logicalProcessors: UInt32?
    package var threadsPerCore: UInt32?
    package var coresPerSocket: UInt32?
    /// nil for "-", too: some ARM machines have clusters in their place.
    package var sockets: UInt32?
    package var memoryNodes: UInt32?
    /// How many labels were understood.
    package var knownLabels = 0

    package init(parsing text: String) {
        for line in Scan.lines(text) {
            guard let (label, value) = Self.pair(line) else { continue }
            add(label, value)
        }
    }

    /// `{"lscpu": [{"field": …, "data": …, "children": […]}]}`; what was cut off at the end is not missed.
    package init(parsingJSON text: String) {
        var strings = Strings(text)
        var label: String?
        while let string = strings.next() {
            switch string {
            case "field": label = strings.next()
            case "data":
                if let label, let value = strings.value() { add(label, value) }
                label = nil
            default: break
            }
        }
    }

    private mutating func add(_ label: String, _ value: String) {
        guard let meaning = Self.meaning(label) else { return }
        knownLabels += 1
        switch meaning {
        case .architecture: architecture = architecture ?? Scan.known(value)
        case .vendor: vendor = vendor ?? Scan.known(value)
        case .model:
            guard let value = Scan.known(value) else { break }
            model = model ?? value
            if !models.contains(value), models.count < 64 { models.append(value) }
        case .logicalProcessors: logicalProcessors = logicalProcessors ?? Self.count(value)
        case .threadsPerCore: threadsPerCore = threadsPerCore ?? Self.count(value)
        case .coresPerSocket: coresPerSocket = coresPerSocket ?? Self.count(value)
        case .sockets: sockets = sockets ?? Self.count(value)
        case .memoryNodes: memoryNodes = memoryNodes ?? Self.count(value)
        case .other: break
        }
    }

    /// Digits alone: "0-3" is no count.
    private static func count(_ value: String) -> UInt32? {
        let value = Scan.trimmed(value)
        return value.utf8.allSatisfy { 48...57 ~= $0 } ? UInt32(value) : nil
    }

    /// At the first colon, of East Asian width, too; some translations have lost it.
    private static func pair(_ line: Substring) -> (label: String, value: String)? {
        if let colon = line.firstIndex(where: { $0 == ":" || $0 == "：" }) {
            return (String(line[..<colon]), String(line[line.index(after: colon)...]))
        }
        let cells = Scan.columns(line)
        return cells.count == 2 ? (cells[0], cells[1]) : nil
    }

    // MARK: Labels

    private enum Meaning {
        case architecture, vendor, model, logicalProcessors, threadsPerCore, coresPerSocket, sockets,
            memoryNodes
        /// Known, but not kept.
        case other
    }

    /// Letters and digits alone, in lower case: blanks, quotes and colons differ between versions.
    private static func meaning(_ label: String) -> Meaning? {
        meanings[String(label.lowercased().filter { $0.isLetter || $0.isNumber })]
    }

    // English, Chinese, Japanese, German, French, Spanish, Portuguese, Russian, Italian, as far as translated.
    private static let meanings: [String: Meaning] = {
        let labels: [(Meaning, [String])] = [
            (
                .architecture,
                [
                    "architecture", "架构", "体系结构", "架構", "アーキテクチャ", "アーキテクチャー", "architektur",
                    "arquitectura", "arquitetura", "архитектура", "architettura",
                ]
            ),
            (
                .vendor,
                [
                    "vendorid", "厂商id", "供應商id", "ベンダーid", "anbieterkennung", "identifiantconstructeur",
                    "iddefabricante", "iddofabricante", "iddofornecedor", "iddefornecedor",
                    "idпрроизводителя", "idпроизводителя", "idfornitore",
                ]
            ),
            (
                .model,
                [
                    "modelname", "型号名称", "型號名稱", "モデル名", "modellname", "nomdemodèle",
                    "nombredelmodelo", "nomedomodelo", "имямодели", "названиемодели", "nomemodello",
                    "nomedelmodello",
                ]
            ),
            (.logicalProcessors, ["cpus", "cpu", "processeurs", "цп", "цпу"]),
            (
                .threadsPerCore,
                [
                    "threadspercore", "每个核的线程数", "每核心執行緒數", "コアあたりのスレッド数", "threadsprokern",
                    "threadsparcœur", "threadsparcoeur", "hilosdeprocesamientopornúcleo",
                    "threadspornúcleo", "threadspernúcleo", "потоковнаядро", "threadpercore",
                ]
            ),
            (
                .coresPerSocket,
                [
                    "corespersocket", "每个座的核数", "每個插座的核心數", "ソケットあたりのコア数", "kerneprosocket",
                    "kerneprosockel", "cœursparsocket", "coeursparsocket", "núcleosporsocket",
                    "núcleosporsoquete", "ядернасокет", "corepersocket",
                ]
            ),
            (
                .sockets,
                [
                    "sockets", "座", "插座", "ソケット数", "sockel", "soquetes", "сокетов", "socket",
                ]
            ),
            (
                .memoryNodes,
                [
                    "numanodes", "numa节点", "numa節點", "numaノード", "numaノード数", "numaknoten", "nœudsnuma",
                    "noeudsnuma", "modosnuma", "nodosnuma", "nósdenuma", "nósnuma", "nodonuma", "nodinuma",
                ]
            ),
            (
                .other,
                [
                    "cpuopmodes", "byteorder", "onlinecpuslist", "addresssizes", "cpufamily", "stepping",
                    "corespercluster", "clusters", "socketsperbook", "booksperdrawer", "drawers",
                    "machinetype", "bogomips", "l1dcache", "l1icache", "l2cache", "l3cache",
                    "numanode0cpus",
                    "cpu运行模式", "字节序", "在线cpu列表", "cpu操作モード", "バイト順序",
                    "オンラインになっているcpuのリスト",
                    "cpuoperationsmodus", "bytereihenfolge", "listederonlinecpus",
                    "modesopératoiresdesprocesseurs", "boutisme", "listedeprocesseursenligne",
                    "modosdeoperacióndelascpus", "ordendelosbytes", "listadelascpusenlínea",
                    "порядокбайт",
                ]
            ),
        ]
        var meanings: [String: Meaning] = [:]
        for (meaning, names) in labels { for name in names { meanings[name] = meaning } }
        return meanings
    }()
}

/// The strings of a JSON text, one after the other; numbers, brackets and commas are passed over.
private struct Strings {
    private var rest: Substring.UnicodeScalarView

    init(_ text: String) { rest = text[...].unicodeScalars }

    mutating func next() -> String? {
        rest = rest.drop { $0 != "\"" }
        guard rest.popFirst() != nil else { return nil }
        return string()
    }

    /// The value behind the key that was read last: a string or a bare word such as a number; nil for `null`.
    mutating func value() -> String? {
        rest = rest.drop { $0 == ":" || $0.properties.isWhitespace }
        if rest.first == "\"" { return next() }
        let word = rest.prefix { $0 == "." || $0 == "-" || $0.properties.isAlphabetic || "0"..."9" ~= $0 }
        rest = rest.dropFirst(word.count)
        return word.isEmpty || word.first == "n" ? nil : String(word)
    }

    private mutating func string() -> String {
        var string = String.UnicodeScalarView()
        while let scalar = rest.popFirst(), scalar != "\"" {
            guard scalar == "\\" else {
                string.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "n": string.append("\n")
            case "t": string.append("\t")
            case "u":
                let digits = rest.prefix(4)
                rest = rest.dropFirst(digits.count)
                let code = UInt32(String(digits), radix: 16)
                string.append(code.flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
            case let other?: string.append(other)
            case nil: break
            }
        }
        return String(string)
    }
}
