import CPlatform

/// The wall clock at the start of the process plus the time that has passed since, suspension included: a step of
/// the wall clock moves no deadline.
package enum SteadyClock {
    private static let offsetMicroseconds = mortise_wall_microseconds() - mortise_boot_microseconds()

    /// Microseconds since 1970-01-01T00:00:00Z.
    package static func now() -> Int64 { mortise_boot_microseconds() + offsetMicroseconds }

    /// That moment of `now` as `sinceBoot` has it.
    package static func sinceBoot(at microseconds: Int64) -> Int64 { microseconds - offsetMicroseconds }

    /// Microseconds since boot, suspension included: the same for every process of the machine.
    package static func sinceBoot() -> Int64 { mortise_boot_microseconds() }
}
