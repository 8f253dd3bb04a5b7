// SPDX-License-Identifier: Apache-2.0

/// The version of both programs; they are released together.
public enum Version {
    public static let major = 0
    public static let minor = 1
    public static let patch = 0
    public static let text = "\(major).\(minor).\(patch)"
}
