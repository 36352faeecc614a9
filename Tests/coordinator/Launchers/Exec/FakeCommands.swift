/// Imitations of clouds' command lines, which keep their machines in a file beside them and know as much as the shipped
/// launcher programs use. `FAIL` makes every change fail with these words.
enum FakeCommands {
    private static let common = """
        #!/usr/bin/env python3
        import json, os, re, sys
        words = sys.argv[1:]
        folder = os.path.dirname(os.path.abspath(__file__))
        file = os.path.join(folder, "machines.json")
        machines = json.load(open(file)) if os.path.exists(file) else []
        def keep():
            with open(file + ".new", "w") as out: json.dump(machines, out)
            os.rename(file + ".new", file)
        def option(name):
            return words[words.index(name) + 1] if name in words else None
        def options(name):
            return [words[i + 1] for i, word in enumerate(words) if word == name]
        def fail():
            if os.environ.get("FAIL"): sys.exit(os.environ["FAIL"])
        def remember(path):
            with open(os.path.join(folder, "user-data"), "w") as out: out.write(open(path).read())

        """

    /// `az vm list|create|delete`.
    static let azure =
        common + """
            what = words[:2]
            if option("--resource-group") != "nodes": sys.exit("(ResourceGroupNotFound) no such group")
            if what == ["vm", "list"]:
                print(json.dumps(machines))
            elif what == ["vm", "create"]:
                fail()
                start = words.index("--tags") + 1
                tags = []
                while not words[start].startswith("--"): tags.append(words[start]); start += 1
                remember(option("--custom-data"))
                for machine in machines:
                    if machine["name"] == option("--name"): sys.exit("(Conflict) it is there")
                machines.append({"name": option("--name"), "tags": dict(tag.split("=", 1) for tag in tags),
                    "provisioningState": "Succeeded", "powerState": "VM running", "privateIps": "10.0.0.4,fd00::4"})
                keep()
            elif what == ["vm", "delete"]:
                left = [machine for machine in machines if machine["name"] != option("--name")]
                if len(left) == len(machines): sys.exit("(ResourceNotFound) not there")
                machines = left
                keep()
            else: sys.exit("unknown: %s" % words)
            """

    /// `openstack server list|create|delete`.
    static let openstack =
        common + """
            what = words[:2]
            if what == ["server", "list"]:
                print(json.dumps([machine for machine in machines if re.search(option("--name"), machine["Name"])]))
            elif what == ["server", "create"]:
                fail()
                remember(option("--user-data"))
                machines.append({"ID": "id-%d" % len(machines), "Name": words[-1], "Status": "ACTIVE",
                    "Networks": {"net": ["10.0.0.5"]},
                    "Properties": dict(text.split("=", 1) for text in options("--property"))})
                keep()
                print(json.dumps(machines[-1]))
            elif what == ["server", "delete"]:
                left = [machine for machine in machines if machine["ID"] != words[2]]
                if len(left) == len(machines): sys.exit("No server with a name or ID of '%s' exists." % words[2])
                machines = left
                keep()
            else: sys.exit("unknown: %s" % words)
            """
}
