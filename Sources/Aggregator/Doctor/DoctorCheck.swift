// SPDX-License-Identifier: Apache-2.0
import Console

/// Something that the doctor looks at.
struct DoctorCheck: Sendable {
    /// Stands for its findings when there are none in time.
    let name: String
    let run: @Sendable (DoctorContext) async -> [Finding]

    /// Without it nothing else can be looked at.
    static let first = DoctorCheck(name: "API server", run: APIServerCheck.run)

    /// In the order of the report; they run side by side, and none needs another.
    static let others = [
        DoctorCheck(name: "credentials", run: CredentialsCheck.run),
        DoctorCheck(name: "rights", run: RightsCheck.run),
        DoctorCheck(name: "aggregation layer", run: AggregationLayerCheck.run),
        DoctorCheck(name: "call through it", run: CallCheck.run),
        DoctorCheck(name: "APIServices", run: APIServiceCheck.run),
        DoctorCheck(name: "our CA", run: AuthorityCheck.run),
        DoctorCheck(name: "replicas", run: ReplicasCheck.run),
        DoctorCheck(name: "agents", run: AgentsCheck.run),
    ]
}
