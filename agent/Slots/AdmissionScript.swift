import ClusterTypes

/// The conditions of a job as a script of `/bin/sh`: it ends with 0 where all of them hold, and else says on standard
/// error which does not.
///
/// A process of its own looks, as the file system of a server that is gone holds up whoever asks.
enum AdmissionScript {
    /// A look that takes longer is a no: a directory of millions of files is counted in less.
    static let limitSeconds: UInt32 = 300

    static func text(for admission: Admission) -> String {
        var text = "exec 1>&2\n"
        for amount in admission.freeSpace {
            // POSIX's form: a line for each file system; its name and its place may hold blanks.
            text += #"""
                kib=$(df -Pk -- \#(quoted(amount.path)) | sed -n '$s/.* \([0-9][0-9]*\) *[0-9-]*% .*/\1/p')
                [ -n "$kib" ] || exit 1
                [ "$kib" -ge \#(kibibytes(amount.bytes)) ] || {
                    printf '%s has %s KiB free of the %s wanted\n' \#(quoted(amount.path)) "$kib" \#(kibibytes(amount.bytes))
                    exit 1
                }

                """#
        }
        for amount in admission.directoryQuota {
            text += #"""
                kib=$(du -sk -- \#(quoted(amount.path)) | sed 's/[^0-9].*//')
                [ -n "$kib" ] || exit 1
                [ "$kib" -lt \#(kibibytes(amount.bytes)) ] || {
                    printf '%s takes %s KiB, its quota is %s\n' \#(quoted(amount.path)) "$kib" \#(kibibytes(amount.bytes))
                    exit 1
                }

                """#
        }
        // In a shell of its own: whatever it does, what is above was looked at.
        if let check = admission.check { text += "(\n\(check)\n)\n" }
        return text
    }

    private static func kibibytes(_ bytes: Int64) -> Int64 { (bytes - 1) / 1_024 + 1 }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
