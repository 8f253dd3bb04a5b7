// SPDX-License-Identifier: Apache-2.0

/// One figure, measured several times.
struct Rounds {
    private let sorted: [Double]

    /// nil without a round.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        sorted = values.sorted()
    }

    var median: Double {
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// How far the rounds lie apart, without a fifth of them at either end: one disturbed round does not count.
    var spread: Double {
        let trim = sorted.count / 5
        return sorted[sorted.count - 1 - trim] - sorted[trim]
    }

    /// The median, no finer than the rounds agree, and never finer than three digits.
    func text(scale: Double) -> String {
        Self.text(median / scale, noise: spread / scale)
    }

    static func text(_ value: Double, noise: Double) -> String {
        guard value != 0 else { return "0" }
        let finest = power(of: value) - 2
        // A spread of 1 to 3 units of a digit leaves that digit a meaning.
        let digit = noise > 0 ? max(finest, power(of: noise / 3)) : finest
        // At least one digit of the value is shown.
        let last = min(digit, power(of: value))
        if last >= 0 {
            let unit = exponential10(last)
            return "\(Int((value / unit).rounded() * unit))"
        }
        let unit = exponential10(-last)
        let scaled = Int((value.magnitude * unit).rounded())
        let fraction = String(scaled % Int(unit))
        return (value < 0 ? "-" : "") + "\(scaled / Int(unit))."
            + String(repeating: "0", count: -last - fraction.count) + fraction
    }

    /// The exponent of ten of the first digit.
    private static func power(of value: Double) -> Int {
        var rest = value.magnitude
        var power = 0
        while rest >= 10 {
            rest /= 10
            power += 1
        }
        while rest < 1, power > -9 {
            rest *= 10
            power -= 1
        }
        return power
    }

    private static func exponential10(_ power: Int) -> Double { (0..<power).reduce(1) { value, _ in value * 10 } }
}
