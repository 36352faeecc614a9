import ClusterTypes
import Platform

/// What hosts are given to do, for any POSIX shell. A script goes to `sh -s` on standard input, so that neither a user's
/// login shell nor who lists processes sees anything of it.
///
/// An allocation is a folder on its host: `join.token`, `agent` (the agent's own), `agent.log`, `pid` (the process, when it
/// was born and in which boot, so that another process with its number is not taken for it) and, when it is over, `ended`
/// with the exit code.
enum SSHScript {
    /// Frames what a script says: login shells may print what they like before.
    static let beginning = "mortise-ssh 1"
    static let end = "mortise-ssh end"

    private static let functions = """
        born() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
        alive() {
            number= since= boot=
            [ -r "$1/pid" ] && read -r number since boot <"$1/pid"
            [ -n "$number" ] && [ -n "$since" ] && [ "$(born "$number")" = "$since" ] &&
                [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ]
        }
        hash() {
            if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1" | cut -d ' ' -f 1
            elif command -v shasum >/dev/null 2>&1; then shasum -a 256 <"$1" | cut -d ' ' -f 1
            else openssl dgst -sha256 <"$1" | sed 's/^.* //'; fi
        }

        """

    /// Tells of all allocations whose names begin so, and whether the agent's program is there.
    ///
    /// - Parameter programs: architectures with the SHA-256 that their program has; empty: it is not looked for, as that
    ///   reads the whole file.
    static func status(_ directory: String, prefix: String, programs: [(machine: String, sha256: String)])
        -> String
    {
        let cases = programs.map { "\($0.machine)) sha=\($0.sha256) ;; " }.joined()
        return """
            \(functions)base=\(LoginShell.quoted(directory))
            prefix=\(LoginShell.quoted(prefix))
            echo '\(beginning)'
            machine=$(uname -m)
            sha=
            case $machine in \(cases)*) ;; esac
            echo "machine $machine"
            if [ -n "$sha" ] && [ -x "$base/bin/mortise-agent-$sha" ] &&
                [ "$(hash "$base/bin/mortise-agent-$sha")" = "$sha" ]; then echo "program $sha"; fi
            for folder in "$base/$prefix"*/; do
                [ -d "$folder" ] || continue
                folder=${folder%/}
                name=${folder##*/}
                if alive "$folder"; then
                    echo "running $name"
                elif [ -r "$folder/ended" ]; then
                    read -r code <"$folder/ended"
                    echo "ended $name $code $(tail -n 2 "$folder/agent.log" 2>/dev/null | tr -c '[:print:]' ' ' | tail -c 200)"
                elif [ -r "$folder/pid" ]; then
                    echo "gone $name"
                elif [ -n "$(find "$folder" -prune -mmin -2 2>/dev/null)" ]; then
                    echo "starting $name"
                else
                    echo "broken $name"
                fi
            done
            echo '\(end)'

            """
    }

    /// The command line, in words that every login shell takes, that reads the agent's program from standard input.
    ///
    /// - Parameter name: of the allocation, as other pools may copy the same program at this moment.
    static func copy(_ directory: String, name: String) -> String {
        "umask 077; mkdir -p \(directory)/bin && cat >\(part(directory, name))"
    }

    private static func part(_ directory: String, _ name: String) -> String {
        "\(directory)/bin/part-\(name)"
    }

    /// What an agent is started with.
    struct Start {
        var name: String
        var prefix: String
        var sha256: String
        var token: String
        var labels: [String]
        var variables: [EnvironmentVariable]
    }

    /// Starts an agent that outlives the connection, unless this host has a living one of the pool.
    static func start(_ start: Start, in directory: String) -> String {
        """
        \(functions)umask 077
        base=\(LoginShell.quoted(directory))
        folder=$base/\(start.name)
        program=$base/bin/mortise-agent-\(start.sha256)
        part=\(LoginShell.quoted(part(directory, start.name)))
        echo '\(beginning)'
        fail() { echo "failed $(echo "$*" | tr -c '[:print:]' ' ')"; echo '\(end)'; exit 0; }
        if [ -e "$part" ]; then
            [ "$(hash "$part")" = \(start.sha256) ] || { rm -f "$part"; fail "the agent's program did not arrive whole; is the disk full?"; }
            said=$(chmod 700 "$part" 2>&1 && mv -f "$part" "$program" 2>&1) || fail "$said"
        fi
        # Copies that were broken off; none may take longer than an hour.
        find "$base/bin" -name 'part-*' -mmin +120 -exec rm -f {} + 2>/dev/null
        [ -x "$program" ] || fail "the agent's program $program is not there"
        for other in "$base/\(start.prefix)"*/; do
            if alive "${other%/}"; then fail "it is in use by ${other%/}"; fi
        done
        said=$(rm -rf "$folder" 2>&1 && mkdir -p "$folder/agent" 2>&1) || fail "$said"
        cat >"$folder/join.token" <<'\(Self.heredoc)'
        \(start.token)
        \(Self.heredoc)
        [ -s "$folder/join.token" ] || fail "cannot write to $folder; is the disk full?"
        cat >"$folder/run" <<'\(Self.heredoc)'
        \(functions)unset MORTISE_JOIN_TOKEN
        \(exports(start))
        "$1" run --stop-slots --directory "$PWD/agent" --join-file "$PWD/join.token" \(labels(start)) &
        agent=$!
        echo "$agent $(born $agent) $(cat /proc/sys/kernel/random/boot_id)" >pid.new && mv pid.new pid
        wait $agent
        echo $? >ended
        \(Self.heredoc)
        case $program in /*) ;; *) program=$PWD/$program ;; esac
        cd "$folder" || fail "cannot enter $folder"
        leave=
        if command -v setsid >/dev/null 2>&1; then leave=setsid; fi
        $leave nohup sh run "$program" </dev/null >agent.log 2>&1 &
        tries=0
        until [ -s pid ] || [ -s ended ]; do
            tries=$((tries + 1))
            [ $tries -gt 100 ] && fail "the agent did not start: $(tail -n 3 agent.log)"
            sleep 0.1 2>/dev/null || sleep 1
        done
        echo 'started \(start.name)'
        echo '\(end)'

        """
    }

    /// A line that no token and no command here is.
    private static let heredoc = "MORTISE_END_OF_TEXT"

    private static func exports(_ start: Start) -> String {
        start.variables.map { "export \($0.name)=\(LoginShell.quoted($0.value))" }.joined(separator: "\n")
    }

    private static func labels(_ start: Start) -> String {
        start.labels.map { "--label \(LoginShell.quoted($0))" }.joined(separator: " ")
    }

    /// Ends agents and removes their folders.
    static func release(_ names: [String], in directory: String, graceSeconds: Int) -> String {
        """
        \(functions)base=\(LoginShell.quoted(directory))
        echo '\(beginning)'
        for name in \(names.map(LoginShell.quoted).joined(separator: " ")); do
            folder=$base/$name
            [ -d "$folder" ] || { echo "released $name"; continue; }
            if alive "$folder"; then
                kill -TERM "$number"
                tries=0
                while alive "$folder" && [ $tries -lt \(graceSeconds * 5) ]; do
                    tries=$((tries + 1))
                    sleep 0.2 2>/dev/null || { sleep 1; tries=$((tries + 4)); }
                done
                if alive "$folder"; then kill -KILL "$number"; fi
            fi
            # Who waited for the agent may still write its end.
            rm -rf "$folder" 2>/dev/null || { sleep 1; rm -rf "$folder"; }
            if [ -d "$folder" ]; then echo "kept $name"; else echo "released $name"; fi
        done
        echo '\(end)'

        """
    }
}
