// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The terminal that standard output is.
struct Terminal: Equatable {
    /// Columns and lines; nil: it does not tell.
    var width: Int?
    var height: Int?
    /// It obeys control sequences.
    var isSteerable: Bool
    var hasColour: Bool

}

extension Terminal {
    /// nil when standard output is something else.
    static func current(environment: (String) -> String? = environmentVariable) -> Terminal? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        if unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) != 0 { size = winsize() }
        return Terminal(columns: Int(size.ws_col), rows: Int(size.ws_row), environment: environment)
    }

    /// - Parameters:
    ///   - columns: what the kernel says, as `rows`; 0 on a serial line and where nobody has told it.
    init(columns: Int, rows: Int, environment: (String) -> String?) {
        func size(_ told: Int, _ variable: String) -> Int? {
            if told > 0 { return told }
            guard let number = environment(variable).flatMap({ Int($0) }), number > 0 else { return nil }
            return number
        }
        width = size(columns, "COLUMNS")
        height = size(rows, "LINES")
        isSteerable = environment("TERM") != "dumb"
        // no-color.org: set and not empty, whatever it is set to.
        hasColour = isSteerable && (environment("NO_COLOR") ?? "").isEmpty
    }

    static func environmentVariable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

/// How a piece of text stands out (ECMA-48, SGR).
enum TextStyle: String {
    case plain = ""
    case bold = "1"
    case warning = "33"
    case alarm = "1;31"

    func applied(to text: String, colour: Bool) -> String {
        guard colour, self != .plain, !text.isEmpty else { return text }
        return "\u{1b}[\(rawValue)m\(text)\u{1b}[0m"
    }
}
