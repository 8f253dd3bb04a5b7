// SPDX-License-Identifier: Apache-2.0

extension LabelSelector {
    /// Parses the grammar of apimachinery's `labels.Parse`, quirks included: what it accepts is accepted, what it
    /// refuses is refused in the same words.
    init(parsing text: String) throws(ParseError) {
        var parser = Parser(tokens: Lexer.tokens(of: text))
        self.requirements = try parser.parse()
    }

    private struct Parser {
        let tokens: [Token]
        var position = 0

        init(tokens: [Token]) { self.tokens = tokens }

        private var next: Token { self.position < self.tokens.count ? self.tokens[self.position] : .end }

        private mutating func consume() -> Token {
            let token = self.next
            self.position += 1
            return token
        }

        mutating func parse() throws(ParseError) -> [Requirement] {
            var requirements: [Requirement] = []
            if self.next == .end { return requirements }
            guard self.next == .not || self.next.identifier != nil else {
                throw ParseError("found '\(self.next.literal)', expected: !, identifier, or 'end of string'")
            }
            while true {
                guard requirements.count < maxRequirements else {
                    throw ParseError("selector has more than \(maxRequirements) requirements")
                }
                do {
                    requirements.append(try self.requirement())
                } catch {
                    throw ParseError("unable to parse requirement: \(error.message)")
                }
                let separator = self.consume()
                if separator == .end { return requirements }
                guard separator == .comma else {
                    throw ParseError("found '\(separator.literal)', expected: ',' or 'end of string'")
                }
                guard self.next == .not || self.next.identifier != nil else {
                    throw ParseError("found '\(self.next.literal)', expected: identifier after ','")
                }
            }
        }

        private mutating func requirement() throws(ParseError) -> Requirement {
            var token = self.consume()
            let negated = token == .not
            if negated { token = self.consume() }
            guard let key = token.identifier else {
                throw ParseError("found '\(token.literal)', expected: identifier")
            }
            let problems = LabelValidation.problems(inKey: key)
            guard problems.isEmpty else {
                // "<nil>": the original has no field path here and prints it so.
                throw ParseError("<nil>: Invalid value: \(GoText.quote(key)): \(problems.joined(separator: "; "))")
            }
            if negated { return Requirement(key: key, operation: .doesNotExist) }
            if self.next == .end || self.next == .comma { return Requirement(key: key, operation: .exists) }

            let binary = self.consume()
            switch binary {
            case .inWord:
                return Requirement(key: key, operation: .isIn(try Self.checked(self.values(), key: key)))
            case .notInWord:
                return Requirement(key: key, operation: .isNotIn(try Self.checked(self.values(), key: key)))
            case .equals, .doubleEquals:
                return Requirement(key: key, operation: .isIn(try Self.checked([self.exactValue()], key: key)))
            case .notEquals:
                return Requirement(key: key, operation: .isNotIn(try Self.checked([self.exactValue()], key: key)))
            case .greater:
                return Requirement(key: key, operation: .greaterThan(try Self.bound(self.exactValue(), key: key)))
            case .less:
                return Requirement(key: key, operation: .lessThan(try Self.bound(self.exactValue(), key: key)))
            case .end, .identifier, .openParenthesis, .closeParenthesis, .comma, .not:
                throw ParseError("found '\(binary.literal)', expected: in, notin, =, ==, !=, gt, lt")
            }
        }

        private mutating func exactValue() throws(ParseError) -> String {
            if self.next == .end || self.next == .comma { return "" }
            let token = self.consume()
            guard let value = token.identifier else {
                throw ParseError("found '\(token.literal)', expected: identifier")
            }
            return value
        }

        /// `( value , value … )`. An empty place is the empty value: `(,)`, `(a,)` and `(,a)` are legal.
        private mutating func values() throws(ParseError) -> Set<String> {
            let open = self.consume()
            guard open == .openParenthesis else {
                throw ParseError("found '\(open.literal)' expected: '('")
            }
            if self.next == .closeParenthesis {
                self.position += 1
                return []
            }
            guard self.next == .comma || self.next.identifier != nil else {
                throw ParseError("found '\(self.next.literal)', expected: ',', ')' or identifier")
            }
            var values: Set<String> = []
            while true {
                let token = self.consume()
                if let value = token.identifier {
                    values.insert(value)
                    if self.next == .comma { continue }
                    guard self.next == .closeParenthesis else {
                        throw ParseError("found '\(self.next.literal)', expected: ',' or ')'")
                    }
                    self.position += 1
                    return values
                }
                guard token == .comma else {
                    throw ParseError("found '\(token.literal)', expected: ',', or identifier")
                }
                if values.isEmpty { values.insert("") }
                if self.next == .closeParenthesis {
                    self.position += 1
                    values.insert("")
                    return values
                }
                if self.next == .comma {
                    self.position += 1
                    values.insert("")
                }
            }
        }

        /// More messages than this help nobody, and each is larger than the value it complains about.
        private static let maxReportedProblems = 16

        private static func checked(_ values: Set<String>, key: String) throws(ParseError) -> Values {
            if values.isEmpty {
                throw ParseError(
                    "values: Invalid value: []string{}: for 'in', 'notin' operators, values set can't be empty")
            }
            if values.count == 1, let only = values.first {
                try Self.refuse(Self.problems(of: only, at: 0, key: key))
                return .one(only)
            }
            // Sorted only when one of them is wrong, to number them as the original does.
            if !values.allSatisfy({ LabelValidation.problems(inValue: $0).isEmpty }) {
                let sorted = values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                var problems: [String] = []
                for (at, value) in sorted.enumerated() where problems.count < Self.maxReportedProblems {
                    problems += Self.problems(of: value, at: at, key: key)
                }
                try Self.refuse(problems)
            }
            return .many(values)
        }

        private static func bound(_ value: String, key: String) throws(ParseError) -> Int64 {
            var problems: [String] = []
            let number = try? GoText.parseInt(value)
            if number == nil {
                problems.append(
                    "values[0]: Invalid value: \(GoText.quote(value)): for 'Gt', 'Lt' operators, the value must be an "
                        + "integer")
            }
            problems += Self.problems(of: value, at: 0, key: key)
            try Self.refuse(problems)
            return number ?? 0
        }

        private static func problems(of value: String, at index: Int, key: String) -> [String] {
            let problems = LabelValidation.problems(inValue: value)
            if problems.isEmpty { return [] }
            let all = problems.joined(separator: "; ")
            return ["values[\(index)][\(key)]: Invalid value: \(GoText.quote(value)): \(all)"]
        }

        private static func refuse(_ problems: [String]) throws(ParseError) {
            if problems.isEmpty { return }
            throw ParseError(problems.count == 1 ? problems[0] : "[\(problems.joined(separator: ", "))]")
        }
    }
}

extension LabelSelector.ParseError {
    fileprivate init(_ message: String) { self.message = message }
}
