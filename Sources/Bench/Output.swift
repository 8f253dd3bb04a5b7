// SPDX-License-Identifier: Apache-2.0
import Console

/// A measured value, as `Report` reads it. A name that comes again is another round.
func record(_ name: String, _ value: some CustomStringConvertible) throws {
    guard StandardOutput.write("\(name) \(value)\n") else { throw BenchError("standard output is gone") }
}
