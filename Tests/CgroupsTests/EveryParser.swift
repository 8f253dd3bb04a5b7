// SPDX-License-Identifier: Apache-2.0
@testable import Cgroups

/// Every parser of the agent on the same bytes, for the fuzzer and for the replay of its corpus.
enum EveryParser {
    /// - Returns: what cannot be, whatever the bytes are. A trap, and a read beyond them, is for the caller's sanitizer.
    static func faults(_ input: [UInt8]) -> [String] {
        let bytes = input.span
        var faults = keyedFaults(input) + nameFaults(bytes)
        func expect(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }

        expect(NumberFile.parse(bytes, complete: true) != .incomplete, "a whole number file is incomplete")
        if let stall = Pressure(bytes)?.some {
            expect(
                [stall.average10, stall.average60, stall.average300].allSatisfy { $0 <= 10_099 }, "pressure > 100 %")
        }
        _ = CPULimit.parse(bytes)
        _ = Throttling(bytes, time: "throttled_usec")
        _ = ProcStat.busyTicks(bytes)
        expect((0...input.count).contains(ProcStat.onlineCPUs(bytes)), "more CPUs than bytes")
        _ = RootMemory(bytes)
        _ = ProcMemory(bytes)
        return faults
    }

    /// What is said of a part is said of the whole.
    private static func keyedFaults(_ input: [UInt8]) -> [String] {
        var faults: [String] = []
        for key in ["usage_usec", "inactive_file", "total_inactive_file", "oom_kill"] as [StaticString] {
            let whole = KeyedFile.parse(key, input.span, complete: true)
            if whole == .incomplete { faults.append("a whole keyed file is incomplete") }
            for end in [input.count / 3, input.count / 2, max(0, input.count - 1)] {
                let part = KeyedFile.parse(key, input.span.extracting(..<end), complete: false)
                if part != .incomplete, part != whole {
                    faults.append("\(key): \(part) of \(end) bytes, then \(whole)")
                }
            }
        }
        return faults
    }

    private static func nameFaults(_ bytes: Span<UInt8>) -> [String] {
        var faults: [String] = []
        func expect(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }
        switch CgroupName(bytes) {
        case .container(let id, _, _): expect(id.utf8.count == CgroupName.idLength, "an id of another length")
        case .misplaced(let uid, _, let id):
            expect(isPlain(uid) && id.utf8.count == CgroupName.idLength, "a misplaced container's name")
        case .overhead, .sandboxVM, .mount: break
        }
        for uid in [PodName.cgroupfsUID(bytes), PodName.systemdUID(bytes)] {
            if let uid { expect(isPlain(uid), "a pod uid of other than printable ASCII") }
        }
        if let link = LogLinkName(bytes) {
            expect(isPlain(link.id), "a link's id")
            if let name = link.name {
                let parts = [name.namespace, name.pod, name.container]
                expect(parts.allSatisfy(isKubernetesName), "a link's names")
            }
        }
        guard let path = text(bytes) else { return faults }
        if let target = LogTarget(path) {
            let parts = [target.pod.namespace, target.pod.pod, target.container]
            expect(parts.allSatisfy(isKubernetesName), "a target's names")
            expect(target.restartCount ?? 0 >= 0, "a negative number of restarts")
        }
        for root in ["kubepods", "kubepods.slice", path] {
            let names = KubepodsNames(root: root)
            for qos in [QoSClass.guaranteed, .burstable, .bestEffort] {
                if let uid = names.podUID(path, qos: qos) { expect(isPlain(uid), "a pod directory's uid") }
            }
            _ = names.qos(path)
        }
        return faults
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7e).contains($0) } }
}
