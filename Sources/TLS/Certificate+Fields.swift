internal import COpenSSL
// SPDX-License-Identifier: Apache-2.0
import Glibc

extension Certificate {
    /// Bounds what a peer can make us list; real certificates have a handful.
    private static let maximumNames = 256

    var notAfterUnixSeconds: Int64 { unsafe Self.unixSeconds(X509_get0_notAfter(pointer)) }
    var notBeforeUnixSeconds: Int64 { unsafe Self.unixSeconds(X509_get0_notBefore(pointer)) }

    /// One line for messages, such as `CN=agent, O=example`.
    var subjectText: String { unsafe Self.text(X509_get_subject_name(pointer)) }
    var issuerText: String { unsafe Self.text(X509_get_issuer_name(pointer)) }

    /// Reads a borrowed X509 without taking it.
    static func borrowed(_ pointer: OpaquePointer) -> Certificate? {
        guard unsafe X509_up_ref(pointer) == 1 else { return nil }
        return unsafe Certificate(taking: pointer)
    }

    var peerCertificate: PeerCertificate {
        var peer = PeerCertificate(
            commonName: entries(NID_commonName).last ?? nil,
            organizations: entries(NID_organizationName).compactMap { $0 },
            notAfterUnixSeconds: notAfterUnixSeconds)
        guard let names = unsafe X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else { return peer }
        let list = OpaquePointer(names)
        defer { unsafe GENERAL_NAMES_free(list) }
        let count = unsafe min(Int(mpssl_general_names_count(list)), Self.maximumNames)
        for index in 0..<max(0, count) {
            guard let name = unsafe mpssl_general_names_at(list, Int32(index)) else { continue }
            var kind: Int32 = -1
            // Only string and octet kinds are looked at: the value is a union of unrelated C types.
            guard let value = unsafe GENERAL_NAME_get0_value(name, &kind) else { continue }
            switch kind {
            case GEN_DNS: unsafe Self.printable(value).map { peer.dnsNames.append($0) }
            case GEN_URI: unsafe Self.printable(value).map { peer.uris.append($0) }
            case GEN_IPADD: unsafe Self.address(value).map { peer.ipAddresses.append($0) }
            default: continue
            }
        }
        return peer
    }

    /// All subject entries of one kind, as UTF-8; nil for those that are not text or hold a NUL.
    private func entries(_ nid: Int32) -> [String?] {
        let subject = unsafe X509_get_subject_name(pointer)
        var found: [String?] = []
        var index: Int32 = -1
        while found.count < Self.maximumNames {
            index = unsafe X509_NAME_get_index_by_NID(subject, nid, index)
            if index < 0 { break }
            guard let data = unsafe X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)) else { continue }
            var utf8: UnsafeMutablePointer<UInt8>?
            let length = unsafe ASN1_STRING_to_UTF8(&utf8, data)
            guard length >= 0, let utf8 = unsafe utf8 else {
                ERR_clear_error()
                found.append(nil)
                continue
            }
            defer { unsafe mpssl_free(utf8) }
            let bytes = unsafe UnsafeBufferPointer(start: utf8, count: Int(length))
            unsafe found.append(bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self))
        }
        return found
    }

    /// An IA5String of printable ASCII; anything else could be read as a different name by somebody else.
    private static func printable(_ value: UnsafeMutableRawPointer) -> String? {
        unsafe withBytes(of: value.assumingMemoryBound(to: ASN1_STRING.self)) { bytes in
            guard !bytes.isEmpty, unsafe bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            return unsafe String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func address(_ value: UnsafeMutableRawPointer) -> String? {
        unsafe withBytes(of: value.assumingMemoryBound(to: ASN1_STRING.self)) { bytes in
            let family: Int32 = bytes.count == 4 ? AF_INET : AF_INET6
            guard bytes.count == 4 || bytes.count == 16 else { return nil }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard unsafe inet_ntop(family, bytes.baseAddress, &text, socklen_t(text.count)) != nil else { return nil }
            return text.asCString
        }
    }

    private static func withBytes<Result>(
        of string: UnsafePointer<ASN1_STRING>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        unsafe body(
            UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(max(0, ASN1_STRING_length(string)))))
    }

    private static func text(_ name: OpaquePointer?) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "?" }
        defer { unsafe _ = BIO_free(bio) }
        // RFC 2253 form with control characters and non-ASCII escaped: it goes into logs.
        guard unsafe X509_NAME_print_ex(bio, name, 0, mpssl_name_flags_rfc2253()) >= 0 else { return "?" }
        var data: UnsafeMutablePointer<CChar>?
        let count = unsafe mpssl_bio_get_mem_data(bio, &data)
        return unsafe String(decoding: UnsafeRawBufferPointer(start: data, count: max(0, count)), as: UTF8.self)
    }

    /// 0 for a time OpenSSL cannot read, which makes such a certificate long expired.
    private static func unixSeconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var broken = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &broken) == 1 else { return 0 }
        return unsafe Int64(timegm(&broken))
    }
}
