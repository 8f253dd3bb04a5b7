// SPDX-License-Identifier: Apache-2.0

/// Paths and names come from directories that others write: no byte of them may steer a terminal, and none may look wider
/// or narrower than a table counts it. The names of Kubernetes are ASCII.
func printable(_ text: String) -> String {
    if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if (0x20...0x7e).contains(scalar.value) {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
    return result
}
