package import CoordinatorCore
import Platform

/// The script of a launch's job, which starts the agent on each node.
package enum SlurmScript {
    /// The join token goes by this variable, from sbatch's environment into that of the job. So it is in no argument, nor in
    /// the script, which everybody may read who may look at the job. The controller keeps it in a file of its own that only
    /// its user reads, until the job is forgotten.
    package static let tokenVariable = "MORTISE_JOIN_TOKEN"
    /// By which the agent says which allocation it runs in.
    package static let allocationVariable = "MORTISE_ALLOCATION"
    /// How long before its time is over a job gets TERM, with which the agent leaves in order.
    package static let noticeSeconds = 60

    /// - Returns: without the end of its last line.
    package static func text(_ order: LaunchOrder, _ scope: LaunchScope, _ options: SlurmOptions) -> String {
        """
        #!/bin/sh
        # A node of the pool \(scope.pool): \(scope.name(of: order.launch)).
        set -u
        umask 077
        \(allocationVariable)="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
        export \(allocationVariable)
        # The scheduler's name of the node, as the machine's own may be that of several.
        if [ -n "${SLURMD_NODENAME:-}" ]; then
            : "${MORTISE_NAME:=$SLURMD_NODENAME}"
            export MORTISE_NAME
        fi
        # A folder that nobody else could make before.
        state=$(mktemp -d "\(options.stateDirectory)/mortise-$\(allocationVariable).XXXXXX") || exit 73
        \(LoginShell.quoted(options.agent)) run --stop-slots --directory "$state" &
        agent=$!
        # Slurm sends TERM to this shell when the time is nearly over, and when the job is cancelled.
        trap 'kill -TERM "$agent" 2>/dev/null' TERM INT HUP
        while :; do
            wait "$agent"
            status=$?
            kill -0 "$agent" 2>/dev/null || break
        done
        if [ "$status" -gt 128 ]; then
            # A signal ended the waiting, and the agent ended meanwhile.
            wait "$agent" 2>/dev/null
            last=$?
            [ "$last" -eq 127 ] || status=$last
        fi
        rm -rf "$state"
        exit "$status"
        """
    }
}
