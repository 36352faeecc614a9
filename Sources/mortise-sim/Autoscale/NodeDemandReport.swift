/// What policies came to on a trace of nodes in use.
struct NodeDemandReport: Encodable {
    var trace: String
    var policies: [NodeDemandReplay.Result]

    var text: String {
        var table = TextTable([
            "policy", "slots", "powered off", "util %", "wakes/day", "nodes woken/day", "shortage slots",
            "node-slots",
        ])
        for run in policies {
            table.add([
                run.policy, "\(run.slots)", run.poweredOff.digits(1), (run.utilization * 100).digits(2),
                run.wakesPerDay.digits(2), run.nodesWokenPerDay.digits(1), "\(run.shortageSlots)",
                "\(run.shortageNodeSlots)",
            ])
        }
        return table.text
    }
}
