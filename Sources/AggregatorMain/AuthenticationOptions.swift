// SPDX-License-Identifier: Apache-2.0
import Aggregator
import ArgumentParser

/// Delegated authentication and authorization, with the flags that every extension API server has.
struct AuthenticationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("CA of users' client certificates (default: the API server's).", valueName: "file"))
    var clientCaFile: String?

    @Option(
        help: ArgumentHelp(
            "CA of the front proxy's client certificate (default: the API server's).", valueName: "file"))
    var requestheaderClientCaFile: String?

    @Option(
        help: ArgumentHelp("Common names that the front proxy may have; empty: any.", valueName: "name,..."))
    var requestheaderAllowedNames: String?

    @Option(help: ArgumentHelp("Headers that the front proxy puts the user's name in.", valueName: "header,..."))
    var requestheaderUsernameHeaders: String?

    @Option(help: ArgumentHelp("Headers that the front proxy puts the user's uid in.", valueName: "header,..."))
    var requestheaderUidHeaders: String?

    @Option(help: ArgumentHelp("Headers that the front proxy puts the user's groups in.", valueName: "header,..."))
    var requestheaderGroupHeaders: String?

    @Option(help: ArgumentHelp("Prefixes of the headers with the user's extra fields.", valueName: "prefix,..."))
    var requestheaderExtraHeadersPrefix: String?

    @Flag(
        help: ArgumentHelp(
            "Do not read these from kube-system/extension-apiserver-authentication; only the flags count."))
    var authenticationSkipLookup = false

    @Flag(help: ArgumentHelp("Become ready even if they cannot be read there."))
    var authenticationTolerateLookupFailure = false

    @Option(help: ArgumentHelp("How long the review of a user's token is remembered.", valueName: "duration"))
    var authenticationTokenWebhookCacheTtl = "10s"

    @Option(help: ArgumentHelp("How long a permission is remembered.", valueName: "duration"))
    var authorizationWebhookCacheAuthorizedTtl = "10s"

    @Option(help: ArgumentHelp("How long a refusal is remembered.", valueName: "duration"))
    var authorizationWebhookCacheUnauthorizedTtl = "10s"

    @Option(
        help: ArgumentHelp(
            "Paths that need no permission; a * at the end stands for all that follows.", valueName: "path,..."))
    var authorizationAlwaysAllowPaths = "/healthz,/readyz,/livez"

    func settings() throws -> AuthenticationSettings {
        var settings = AuthenticationSettings()
        settings.clientCAFile = clientCaFile
        settings.frontProxyCAFile = requestheaderClientCaFile
        settings.allowedNames = Self.list(requestheaderAllowedNames)
        settings.usernameHeaders = Self.list(requestheaderUsernameHeaders)
        settings.uidHeaders = Self.list(requestheaderUidHeaders)
        settings.groupHeaders = Self.list(requestheaderGroupHeaders)
        settings.extraHeaderPrefixes = Self.list(requestheaderExtraHeadersPrefix)
        settings.skipsLookup = authenticationSkipLookup
        settings.toleratesLookupFailure = authenticationTolerateLookupFailure
        settings.tokenLifetime = try lifetime(
            "--authentication-token-webhook-cache-ttl", authenticationTokenWebhookCacheTtl)
        settings.allowedLifetime = try lifetime(
            "--authorization-webhook-cache-authorized-ttl", authorizationWebhookCacheAuthorizedTtl)
        settings.refusedLifetime = try lifetime(
            "--authorization-webhook-cache-unauthorized-ttl", authorizationWebhookCacheUnauthorizedTtl)
        settings.alwaysAllowedPaths = Self.list(authorizationAlwaysAllowPaths) ?? []
        if settings.skipsLookup, settings.frontProxyCAFile == nil {
            throw ValidationError(
                "--authentication-skip-lookup needs --requestheader-client-ca-file FILE, "
                    + "or no API server could pass a user on to us")
        }
        return settings
    }

    private func lifetime(_ flag: String, _ text: String) throws -> Duration {
        try Usage.duration(flag, text, .zero ... .seconds(3600))
    }

    /// An empty text is an empty list, which is not the same as no flag.
    private static func list(_ text: String?) -> [String]? {
        text.map { $0.split(separator: ",").map(String.init) }
    }
}
