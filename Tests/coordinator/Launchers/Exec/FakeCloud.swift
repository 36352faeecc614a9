/// A cloud in a file, behind a launcher program in Python. A word in `FAULT` makes it break one promise.
enum FakeCloud {
    static let program = """
        #!/usr/bin/env python3
        import json, os, sys
        request = json.load(sys.stdin)
        word, fault = sys.argv[-1], os.environ.get("FAULT", "")
        file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nodes.json")
        nodes = json.load(open(file)) if os.path.exists(file) else []
        def keep():
            with open(file + ".new", "w") as out: json.dump(nodes, out)
            os.rename(file + ".new", file)
        def answer(value):
            print(json.dumps(value)); sys.exit(0)
        def shown(found):
            return {"allocations": [{key: node[key] for key in ("name", "launch", "state", "reason", "host")}
                for node in found]}
        def ours(node): return node["prefix"] == request["prefix"] and not (node["gone"] and fault != "shows-gone")
        if word == "describe":
            answer({"protocol": 2 if fault == "other-protocol" else 1, "name": "a cloud in a file"})
        elif word == "list":
            if fault == "not-empty" and not nodes:
                answer({"allocations": [{"name": "stranger", "launch": 9, "state": "running"}]})
            if fault == "list-forgets": answer({"allocations": []})
            answer(shown(filter(ours, nodes)))
        elif word == "launch":
            if fault == "no-capacity": answer({"error": {"code": "no_capacity", "message": "none left"}})
            same = [node for node in nodes if node["launch"] == request["launch"] and ours(node)]
            if fault == "one-pool-one-launch": same = [node for node in nodes if ours(node)]
            if fault == "starts-again": same = []
            if not same:
                for _ in range(request["count"]):
                    same.append({"name": "i-%04d" % len(nodes), "launch": request["launch"], "state": "running",
                        "reason": "", "host": "10.0.0.%d" % len(nodes), "prefix": request["prefix"], "gone": False})
                    nodes.append(same[-1])
                keep()
            answer(shown(same))
        elif word == "release":
            names = request["names"]
            if fault == "release-all" and len(names) == 1: names = [node["name"] for node in nodes]
            known = [node["name"] for node in nodes if not node["gone"]]
            if fault == "unknown-fails" and any(name not in [node["name"] for node in nodes] for name in names):
                sys.exit("no such node")
            if fault == "again-fails" and any(name not in known for name in names): sys.exit("not there any more")
            if fault != "keeps":
                for node in nodes: node["gone"] = node["gone"] or node["name"] in names
            keep()
            answer({})
        """
}
