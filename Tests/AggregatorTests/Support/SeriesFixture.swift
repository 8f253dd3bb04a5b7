// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Wire

@testable import Aggregator

/// One node's series, fed sweep by sweep.
struct SeriesFixture {
    var node = SimulatedNode()
    var series = NodeSeries()
    let window = RateWindow(.seconds(15))

    init() { series.beginSession(bootID: "boot-1") }

    /// Applies the node's next sweep as it arrives without delay.
    /// - Returns: whether the clock's standing changed.
    @discardableResult
    mutating func sweep(at seconds: Double, _ fill: (inout SampleEncoder) -> Void = { _ in }) throws -> Bool {
        take(try node.batch(at: seconds, fill), at: seconds)
    }

    /// A sweep of one container.
    mutating func sweep(
        at seconds: Double, _ identity: ContainerIdentity, slot: Int = 0, cpuSeconds: Double?, memoryKiB: UInt64? = 100
    ) throws {
        try sweep(at: seconds) {
            $0.container(slot, identity, at: seconds, cpuSeconds: cpuSeconds, memoryKiB: memoryKiB)
        }
    }

    /// A new session of the same agent, which has lost nothing.
    mutating func reconnect(at seconds: Double, bootID: String = "boot-1") throws {
        series.beginSession(bootID: bootID)
        take(try node.reconnect(), at: seconds)
    }

    @discardableResult
    private mutating func take(_ batch: SampleBatch, at seconds: Double) -> Bool {
        series.apply(
            batch, ourUnixMicroseconds: Int64(UInt64(seconds: seconds)) + SimulatedNode.bootUnix * 1_000_000,
            window: window)
    }

    func pod(_ uid: String = "uid-web") -> PodFigures? { series.podFigures(uid: uid, window: window) }

    var nodeFigures: NodeFigures? {
        var list = FiguresList(.nodes)
        series.append(ObjectIdentity(name: "n1"), window: window, to: &list)
        return list.nodeFigures.first
    }

    /// The rate of a pod's only container, millicores; nil when it is not served, or is not the only one.
    func millicores(_ uid: String = "uid-web") -> UInt64? {
        guard let containers = pod(uid)?.containers, containers.count == 1 else { return nil }
        return containers[0].usage.cpuNanocores / 1_000_000
    }
}

extension NodeSeries {
    var nameless: [Int: UInt64] { dictionary.nameless }

    /// Of the pods that the node may report.
    var podUIDs: [String] { podNumbers.map { dictionary.pods[$0].uid.text } }

    /// Namespace, name and start of a pod, as far as one of its containers knows them.
    func podNames(uid: String) -> (namespace: String, name: String, startMicroseconds: Int64)? {
        guard let number = dictionary.number(ofPod: PodUID(uid)), let start = podStart(number) else { return nil }
        return (dictionary.pods[number].namespace, dictionary.pods[number].name, start)
    }

    /// A pod by the names that the agent gave.
    func podFigures(uid: String, window: RateWindow) -> PodFigures? {
        guard let number = dictionary.number(ofPod: PodUID(uid)) else { return nil }
        let names = podNames(uid: uid)
        var list = FiguresList(.pods)
        list.expect(ObjectIdentity(namespace: names?.namespace ?? "", name: names?.name ?? "", uid: uid))
        complete(row: 0, pod: number, uid: PodUID(uid), window: window, in: &list)
        list.dropIncomplete()
        return list.podFigures.first
    }
}

extension PodFigures {
    /// Seconds after the simulated boot.
    var at: Double { Double(timestampUnixNanoseconds - SimulatedNode.bootUnix * 1_000_000_000) / 1e9 }
    var windowSeconds: Double { Double(windowNanoseconds) / 1e9 }
}
