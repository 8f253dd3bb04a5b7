// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("Uids and container ids without their text")
struct PodUIDTests {
    private static let uuid = "01234567-89ab-cdef-0123-456789abcdef"
    private static let digits = uuid.filter { $0 != "-" }

    @Test(
        "any text comes back as it was",
        arguments: [
            uuid, digits, "00000000-0000-0000-0000-000000000000", String(repeating: "0", count: 32),
            String(repeating: "f", count: 64), "", "uid-web", uuid.uppercased(), digits.uppercased(),
            "0123456789ab-cdef-0123-4567-89abcdef", "01234567-89ab-cdef-0123-456789abcde-", uuid + "0",
            "\(uuid.dropLast())g", "\u{e9}\(digits.dropLast(2))", digits + digits,
            String(repeating: "0", count: 63) + "G",
        ])
    func roundTrip(text: String) {
        #expect(PodUID(text).text == text)
        #expect(PodUID(text) == PodUID(text))
        #expect(PackedContainerID(text).text == text)
        #expect(Set([PackedContainerID(text), PackedContainerID(text)]).count == 1)
    }

    @Test("the same digits in another form are another uid")
    func forms() {
        let forms = [Self.uuid, Self.digits, Self.uuid.uppercased(), Self.digits.uppercased()]
        #expect(Set(forms.map { PodUID($0) }).count == forms.count)
    }

    @Test("nearly all take 17 bytes, and a container's id 33")
    func size() {
        #expect(MemoryLayout<PodUID>.size == 17)
        #expect(MemoryLayout<PackedContainerID>.size == 33)
    }
}
