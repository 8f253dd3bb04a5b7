// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Dates as the C library writes them.
enum HTTPDateText {
    static func of(_ unixSeconds: Int64) -> String {
        var (time, fields) = (time_t(unixSeconds), tm())
        gmtime_r(&time, &fields)
        var text = [CChar](repeating: 0, count: 64)
        let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &fields)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
