// SPDX-License-Identifier: Apache-2.0

/// The rules for label keys and values (apimachinery util/validation), with its messages.
enum LabelValidation {
    /// What is wrong with a key; empty when it is valid.
    static func problems(inKey key: String) -> [String] {
        // Three parts are as wrong as a thousand.
        let parts = key.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last else {
            return [
                "a qualified name \(Self.nameRule) with an optional DNS subdomain prefix and '/' "
                    + "(e.g. 'example.com/MyName')"
            ]
        }
        var problems: [String] = []
        if parts.count == 2, let prefix = parts.first {
            if prefix.isEmpty {
                problems.append("prefix part must be non-empty")
            } else {
                if prefix.count > Self.maxSubdomainBytes {
                    problems.append("prefix part must be no more than \(Self.maxSubdomainBytes) bytes")
                }
                if !Self.isSubdomain(prefix) { problems.append("prefix part \(Self.subdomainRule)") }
            }
        }
        if name.isEmpty {
            problems.append("name part must be non-empty")
        } else if name.count > Self.maxNameBytes {
            problems.append("name part must be no more than \(Self.maxNameBytes) bytes")
        }
        if !Self.isName(name) { problems.append("name part \(Self.nameRule)") }
        return problems
    }

    /// What is wrong with a value; empty when it is valid.
    static func problems(inValue value: String) -> [String] {
        var problems: [String] = []
        if value.utf8.count > Self.maxNameBytes {
            problems.append("must be no more than \(Self.maxNameBytes) bytes")
        }
        if !value.isEmpty, !Self.isName(value.utf8[...]) { problems.append(Self.valueRule) }
        return problems
    }

    /// RFC 1123 label length.
    static let maxNameBytes = 63
    /// RFC 1123 name length.
    static let maxSubdomainBytes = 253

    private static let nameRule =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

    private static let subdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
        + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    private static let valueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
        + "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

    private typealias Bytes = Substring.UTF8View

    /// `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`
    private static func isName(_ bytes: Bytes) -> Bool {
        guard let first = bytes.first, let last = bytes.last, Self.isAlphanumeric(first), Self.isAlphanumeric(last)
        else { return false }
        return bytes.allSatisfy {
            Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
    }

    private static func isSubdomain(_ bytes: Bytes) -> Bool {
        bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last, Self.isLowercaseOrDigit(first),
                Self.isLowercaseOrDigit(last)
            else { return false }
            return label.allSatisfy { Self.isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        Self.isLowercaseOrDigit(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }
}
