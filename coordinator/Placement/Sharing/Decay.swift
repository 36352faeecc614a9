/// What is left after some half-lives, 2^-x, and what is lost, 1 - 2^-x, which is exact for small x as well.
struct Decay {
    let kept: Double
    let lost: Double

    static let logarithmOfTwo = 0.693_147_180_559_945_3
    static let perLogarithmOfTwo = 1.442_695_040_888_963_4

    /// - Parameter halfLives: not negative.
    init(halfLives: Double) {
        // Less than the smallest number is left.
        guard halfLives < 1_075 else {
            kept = 0
            lost = 1
            return
        }
        let whole = halfLives.rounded(.down)
        let exponent = (whole - halfLives) * Self.logarithmOfTwo
        // e^exponent - 1 for -ln 2 < exponent <= 0: the 20th term is below 10^-22.
        var term = 1.0
        var sum = 0.0
        for position in 1...20 {
            term *= exponent / Double(position)
            sum += term
        }
        guard whole > 0 else {
            kept = 1 + sum
            lost = -sum
            return
        }
        kept = Double(sign: .plus, exponent: -Int(whole), significand: 1 + sum)
        lost = 1 - kept
    }
}
