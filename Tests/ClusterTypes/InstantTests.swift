import ClusterTypes
import Testing

@Suite struct InstantTests {
    @Test func momentsAndDurationsAddUp() {
        let start = Instant(microseconds: 1_000_000)
        #expect(start + .milliseconds(250) == Instant(microseconds: 1_250_000))
        #expect(start - .seconds(2) == Instant(microseconds: -1_000_000))
        #expect(start - Instant(microseconds: 400_000) == .microseconds(600_000))
        #expect(start < start + .microseconds(1))
    }

    @Test func partsOfAMicrosecondAreDropped() {
        #expect(Instant.epoch + .nanoseconds(1_999) == Instant(microseconds: 1))
        #expect(Duration.milliseconds(1_999).wholeMilliseconds == 1_999)
        #expect(Duration.microseconds(1_999).wholeMilliseconds == 1)
        #expect(Duration.seconds(3).wholeMicroseconds == 3_000_000)
    }

    @Test func itIsPrintedInSecondsWithThreeDigits() {
        #expect(Instant.epoch.description == "0.000")
        #expect(Instant(microseconds: 1_005_999).description == "1.005")
        #expect(Instant(microseconds: 12_340_000).description == "12.340")
    }
}
