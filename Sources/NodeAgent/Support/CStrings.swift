// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A null-terminated array of C strings, as `argv` is one, kept for as long as C holds pointers into it.
@unsafe struct CStrings: ~Copyable {
    /// C may put them into another order.
    var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        unsafe pointers = strings.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
    }

    subscript(index: Int) -> String? {
        guard unsafe pointers.indices.contains(index), let pointer = unsafe pointers[index] else { return nil }
        return unsafe String(cString: pointer)
    }

    deinit {
        for index in unsafe pointers.indices { unsafe free(pointers[index]) }
    }
}
