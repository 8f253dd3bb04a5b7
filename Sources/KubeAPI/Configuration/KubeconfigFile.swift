// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS
import Yams

/// A kubeconfig as a tree of named entries. The one place that knows YAML.
struct KubeconfigFile {
    private let path: String
    /// The whole document.
    let root: KubeconfigEntry

    init(path: String) throws(KubeConfigurationError) {
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path)
        } catch {
            throw KubeConfigurationError(error.message)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw KubeConfigurationError("\(path) is not UTF-8; is it a kubeconfig?")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw KubeConfigurationError("\(path) is not YAML: \(APIStatus.printable("\(error)"))")
        }
        guard let mapping = node?.mapping else {
            throw KubeConfigurationError("\(path) is not a kubeconfig: there is no mapping at its top")
        }
        self.path = path
        root = KubeconfigEntry(path: path, name: "", mapping: mapping)
    }

    /// The one called `name` of a list of {name, `key`}.
    func entry(
        _ list: String, _ name: String, _ key: String, wantedBy: String
    ) throws(KubeConfigurationError) -> KubeconfigEntry {
        let items = root.mapping[Node(list)]?.sequence.map(Array.init) ?? []
        guard let item = items.first(where: { $0.mapping?["name"]?.string == name }) else {
            throw KubeConfigurationError("\(path): \(wantedBy) wants '\(name)', which is not in \(list)")
        }
        let entry = "\(list)['\(name)'].\(key)"
        // A user without any credentials is `user: {}` or nothing at all.
        let mapping = item.mapping?[Node(key)]?.mapping ?? Node.Mapping([])
        return KubeconfigEntry(path: path, name: entry, mapping: mapping)
    }
}

/// A mapping of a kubeconfig.
struct KubeconfigEntry {
    let path: String
    /// Such as `users['admin'].user`, for messages.
    let name: String
    let mapping: Node.Mapping

    /// Whether a key is there with a value.
    func has(_ key: String) -> Bool {
        guard let node = mapping[Node(key)] else { return false }
        return node.null == nil && node.string != ""
    }

    /// A text; nil when absent, empty or null.
    func text(_ key: String) throws(KubeConfigurationError) -> String? {
        guard has(key), let node = mapping[Node(key)] else { return nil }
        guard let text = node.string else { throw error(key, "is not a text") }
        return text
    }

    func flag(_ key: String) throws(KubeConfigurationError) -> Bool {
        guard has(key), let node = mapping[Node(key)] else { return false }
        guard let flag = node.bool else { throw error(key, "is neither true nor false") }
        return flag
    }

    /// A path, made absolute.
    func path(_ key: String) throws(KubeConfigurationError) -> String? {
        guard let text = try text(key) else { return nil }
        guard !text.utf8.contains(0) else { throw error(key, "holds a NUL character") }
        if text.hasPrefix("/") { return text }
        guard let slash = path.lastIndex(of: "/") else { return text }
        return "\(path[...slash])\(text)"
    }

    /// `key`-data in base64 or, without that, the file that `key` names.
    func source(_ key: String) throws(KubeConfigurationError) -> KubeConfiguration.Source? {
        if let text = try text("\(key)-data") {
            guard let bytes = Base64.decode(text.utf8) else { throw error("\(key)-data", "is not base64") }
            return .bytes(bytes)
        }
        return try path(key).map { .file($0) }
    }

    func missing(_ key: String) -> KubeConfigurationError { error(key, "is missing") }

    func error(_ key: String, _ problem: String) -> KubeConfigurationError {
        KubeConfigurationError("\(path): \(name.isEmpty ? "" : "\(name).")\(key) \(problem)")
    }
}
