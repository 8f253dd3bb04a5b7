// SPDX-License-Identifier: Apache-2.0

/// One line of a doctor's report.
public struct Finding: Equatable, Sendable {
    public enum Verdict: String, Sendable {
        case ok
        /// Works, or cannot be seen from here; worth a look.
        case warn
        case fail = "FAIL"
    }

    public let verdict: Verdict
    /// What was looked at.
    public let subject: String
    public let found: String
    /// What to do about it, a sentence each; empty when all is well.
    public let fix: [String]

    public init(verdict: Verdict, subject: String, found: String, fix: [String]) {
        self.verdict = verdict
        self.subject = subject
        self.found = found
        self.fix = fix
    }

    public static func ok(_ subject: String, _ found: String) -> Finding {
        Finding(verdict: .ok, subject: subject, found: found, fix: [])
    }

    public static func warn(_ subject: String, _ found: String, fix: [String]) -> Finding {
        Finding(verdict: .warn, subject: subject, found: found, fix: fix)
    }

    public static func fail(_ subject: String, _ found: String, fix: [String]) -> Finding {
        Finding(verdict: .fail, subject: subject, found: found, fix: fix)
    }
}
