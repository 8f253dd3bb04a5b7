// SPDX-License-Identifier: Apache-2.0
import Console
import Wire

/// What the simulated nodes, pods and containers are called. Numbers in, names out: nothing is kept, and who knows the
/// scheme can make the same pods elsewhere.
struct NameScheme: Sendable {
    let node: NameTemplate
    let pod: NameTemplate
    private let namespace: NameTemplate
    private let groups: Int

    static let defaultNode = "swarm-{node}"
    static let defaultNamespace = "team-{pod}"
    static let defaultPod = "load-{node}-{pod}-{generation}"
    static let defaultGroups = 50
    static let mostGroups = 10_000

    /// The agents' own cap is by containers; no node in the field runs more pods.
    static let mostPods = 1_000

    /// Numbers as long as they get: a replacement a second for an hour.
    private static let largest = (node: SwarmPlan.mostNodes - 1, pod: mostPods - 1, generation: 3_600)

    /// - Parameter groups: 1 or more.
    init(node: String, namespace: String, pod: String, groups: Int = defaultGroups) throws(FlagError) {
        self.groups = groups
        self.node = try Self.template("--node-template", node, [.node], needed: [.node], label: false)
        self.namespace = try Self.template(
            "--namespace-template", namespace, [.node, .pod, .group], needed: [], label: true)
        self.pod = try Self.template(
            "--pod-template", pod, [.node, .pod, .generation], needed: [.node, .pod], label: false)
    }

    /// - Parameters:
    ///   - needed: without them names would not be unique.
    ///   - label: a DNS label is wanted, not a subdomain (RFC 1123).
    private static func template(
        _ flag: String, _ text: String, _ known: [NameTemplate.Place], needed: [NameTemplate.Place], label: Bool
    ) throws(FlagError) -> NameTemplate {
        do throws(FlagError) {
            let template = try NameTemplate(text, known: known)
            for place in needed where !template.has(place) {
                throw FlagError("\"\(text)\" lacks {\(place.rawValue)}; names must be unique")
            }
            // Two numbers in a row could be cut in two ways.
            guard !text.contains("}{") else { throw FlagError("\"\(text)\": put something between the places") }
            let name = template.text(
                node: largest.node, pod: largest.pod, generation: largest.generation, group: mostGroups - 1)
            guard isValid(name, label: label) else {
                throw FlagError(
                    "\"\(text)\" makes no names that Kubernetes allows, such as \"\(name)\"; "
                        + "use lower-case letters, digits, \"-\"\(label ? "" : " and \".\""), at most \(label ? 63 : 253)"
                )
            }
            return template
        } catch {
            throw error.of(flag: flag)
        }
    }

    private static func isValid(_ name: String, label: Bool) -> Bool {
        func isInner(_ byte: UInt8) -> Bool { isOuter(byte) || byte == UInt8(ascii: "-") }
        func isOuter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return name.utf8.count <= (label ? 63 : 253) && (labels.count == 1 || !label)
            && labels.allSatisfy { part in
                guard let first = part.first, let last = part.last else { return false }
                return isOuter(first) && isOuter(last) && part.allSatisfy(isInner)
            }
    }

    /// A group takes every so many-th pod of a node, and begins elsewhere on the next one: where there are more nodes than
    /// groups, each is spread over all of them, as the pods of a namespace are.
    func namespace(node: Int, pod: Int) -> String {
        namespace.text(node: node, pod: pod, group: (node + pod) % groups)
    }

    /// A UUID that tells the three numbers: `NODE-POD-4000-8000-GENERATION` in hexadecimal.
    static func podUID(node: Int, pod: Int, generation: Int) -> String {
        "\(hexadecimal(node, 8))-\(hexadecimal(pod, 4))-4000-8000-\(hexadecimal(generation, 12))"
    }

    /// 64 hexadecimal digits, as runtimes make them; the numbers first, so that no two are the same.
    /// - Parameter restart: how often this slot's container was replaced.
    static func containerID(node: Int, slot: Int, restart: Int) -> String {
        var random = Generator(seed: UInt64(node) << 32 | UInt64(slot) << 16 | UInt64(restart & 0xffff))
        return hexadecimal(node, 8) + hexadecimal(slot, 8) + hexadecimal(restart, 16)
            + hexadecimal(Int(random.next() >> 1), 16) + hexadecimal(Int(random.next() >> 1), 16)
    }

    /// The first is the application, the others stand beside it.
    static func containerName(_ index: Int) -> String { index == 0 ? "server" : "sidecar-\(index)" }

    private static func hexadecimal(_ number: Int, _ digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
