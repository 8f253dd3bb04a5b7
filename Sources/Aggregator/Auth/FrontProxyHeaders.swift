// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import NIOHTTP1

/// The headers in which a front proxy (the API server's aggregation layer) says on whose behalf it asks.
///
/// Only read after the proxy's certificate was verified: anybody can send them. Names and rules are those of
/// `RequestHeaderAuthenticationOptions` of the API server library.
struct FrontProxyHeaders: Equatable, Sendable {
    /// The first one with a value counts.
    var usernames = ["X-Remote-User"]
    var uids = ["X-Remote-Uid"]
    /// All values of all of them count.
    var groups = ["X-Remote-Group"]
    /// What follows the prefix is the key, in lower case and with its `%` escapes undone.
    var extraPrefixes = ["X-Remote-Extra-"]

    /// nil when no header names a user.
    func user(in headers: HTTPHeaders) -> KubeUser? {
        guard let name = Self.first(of: usernames, in: headers) else { return nil }
        return KubeUser(
            name: name, uid: Self.first(of: uids, in: headers) ?? "",
            groups: groups.flatMap { headers[$0] }.filter { !$0.isEmpty }, extra: extra(in: headers))
    }

    private func extra(in headers: HTTPHeaders) -> [String: [String]] {
        var extra: [String: [String]] = [:]
        for (name, value) in headers {
            let lowered = name.lowercased()
            for prefix in extraPrefixes.map({ $0.lowercased() }) where lowered.hasPrefix(prefix) {
                extra[Self.unescaped(lowered.dropFirst(prefix.count)), default: []].append(value)
            }
        }
        return extra
    }

    private static func first(of names: [String], in headers: HTTPHeaders) -> String? {
        for name in names {
            if let value = headers.first(name: name), !value.isEmpty { return value }
        }
        return nil
    }

    /// As Go's `url.PathUnescape`; a key that does not decode stays as it is.
    private static func unescaped(_ key: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = key.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            // A sign is no digit, though a number may begin with it.
            guard digits.count == 2, digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-"),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else {
                return String(key)
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
