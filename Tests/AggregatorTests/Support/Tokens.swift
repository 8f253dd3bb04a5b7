// SPDX-License-Identifier: Apache-2.0
import Formats

/// A token with this payload; neither its header nor its signature are looked at.
func token(_ payload: String) -> String {
    let encoded = Base64.encode(Array(payload.utf8)).prefix { $0 != "=" }
    return "h.\(encoded.map { $0 == "+" ? "-" : $0 == "/" ? "_" : String($0) }.joined()).s"
}
