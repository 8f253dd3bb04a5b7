// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import KubeAPI
import TLS

/// Who we are to the API server, and where our objects are.
enum CredentialsCheck {
    private static let subject = "credentials"

    static func run(_ context: DoctorContext) async -> [Finding] {
        [await whoWeAre(context), .ok("namespace", context.namespace)]
    }

    private static func whoWeAre(_ context: DoctorContext) async -> Finding {
        do throws(KubeError) {
            switch try await context.client.ownCredential() {
            case .token(let token): return try await owner(of: token, context)
            case .certificate(let subject, let end): return certificate(subject, end, now: context.now())
            case .none:
                return .fail(Self.subject, "none", fix: ["the kubeconfig's user has no token and no certificate"])
            }
        } catch {
            return .failed(subject, error)
        }
    }

    static func certificate(_ subject: String, _ notAfter: Int64, now: Int64) -> Finding {
        if notAfter <= now {
            return .fail(
                Self.subject, "client certificate \(subject), expired \(Validity.day(notAfter))",
                fix: ["renew it (kubeadm certs renew), and give the new one with --kubeconfig"])
        }
        return .ok(
            Self.subject,
            "client certificate \(subject) until \(Validity.day(notAfter)); the rights below are its own, not the "
                + "aggregator's")
    }

    private static func owner(of token: String, _ context: DoctorContext) async throws(KubeError) -> Finding {
        let claimed = TokenExpiry.subject(of: token)
        let review: TokenReviewResult
        do throws(KubeError) {
            review = try await context.client.reviewToken(token, audiences: [], timeout: .seconds(5))
        } catch  where error.code == .forbidden {
            // The missing right is a line of its own.
            return .ok(subject, "\(claimed ?? "a token without a name") (as the token says; it cannot be reviewed)")
        }
        guard review.authenticated else {
            return .fail(
                subject, "the token of \(claimed ?? "nobody") is not accepted: \(review.error)",
                fix: ["it has expired or is of another cluster: mount the ServiceAccount's token anew"])
        }
        let end = TokenExpiry.unixSeconds(of: token).map { ", token until \(Validity.day($0))" } ?? ""
        return .ok(subject, "\(review.user.name)\(end)")
    }
}
