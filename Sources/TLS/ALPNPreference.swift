// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Our application protocols in wire form (RFC 7301: length-prefixed names), in order of preference.
@safe
final class ALPNPreference: Sendable {
    /// Empty when ALPN is not used.
    let wire: [UInt8]
    let isRequired: Bool
    /// `wire` at a stable address: OpenSSL keeps the pointer the selection callback returns. Freed in `deinit`;
    /// never written after `init`.
    private nonisolated(unsafe) let stable: UnsafeMutableBufferPointer<UInt8>

    init(_ names: [String], isRequired: Bool) throws(TLSError) {
        var wire: [UInt8] = []
        for name in names {
            let bytes = Array(name.utf8)
            guard let length = UInt8(exactly: bytes.count), length > 0 else {
                throw TLSError(.invalidArgument, "ALPN name '\(name)' must have 1 to 255 bytes")
            }
            wire.append(length)
            wire.append(contentsOf: bytes)
        }
        // The extension's list length is 16 bits wide.
        guard wire.count <= 65535 else {
            throw TLSError(.invalidArgument, "the ALPN names are \(wire.count) bytes together; 65535 fit")
        }
        self.wire = wire
        self.isRequired = isRequired
        let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: wire.count)
        unsafe _ = storage.initialize(fromContentsOf: wire)
        unsafe stable = storage
    }

    deinit { unsafe stable.deallocate() }

    /// Registers the server callbacks with an unretained pointer to `self`; the context owning both keeps it alive.
    func install(in context: OpaquePointer) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe SSL_CTX_set_alpn_select_cb(context, selectProtocol, me)
        // The selection callback is not called for a client without the extension.
        if isRequired { unsafe SSL_CTX_set_client_hello_cb(context, requireALPN, me) }
    }

    /// NOACK and ALERT_FATAL are chosen by us; a name not in our list never is.
    fileprivate func select(
        _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>, _ chosenLength: UnsafeMutablePointer<UInt8>,
        offered: UnsafePointer<UInt8>, _ offeredLength: UInt32
    ) -> Int32 {
        var name: UnsafeMutablePointer<UInt8>?
        let outcome = unsafe SSL_select_next_proto(
            &name, chosenLength, stable.baseAddress, UInt32(stable.count), offered, offeredLength)
        // On no overlap OpenSSL's helper hands out the client's first name; that must not be used.
        guard outcome == OPENSSL_NPN_NEGOTIATED, let name = unsafe name else {
            return isRequired ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
        }
        unsafe chosen.pointee = UnsafePointer(name)
        return SSL_TLSEXT_ERR_OK
    }
}

private let selectProtocol:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
        UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, chosenLength, offered, offeredLength, me in
        guard let chosen = unsafe chosen, let chosenLength = unsafe chosenLength, let offered = unsafe offered,
            let me = unsafe me, offeredLength > 0
        else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        let preference = unsafe Unmanaged<ALPNPreference>.fromOpaque(me).takeUnretainedValue()
        return unsafe preference.select(chosen, chosenLength, offered: offered, offeredLength)
    }

private let requireALPN:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = {
        ssl, alert, _ in
        var data: UnsafePointer<UInt8>?
        var length = 0
        let extensionType = UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation)
        if unsafe SSL_client_hello_get0_ext(ssl, extensionType, &data, &length) == 1 { return SSL_CLIENT_HELLO_SUCCESS }
        unsafe alert?.pointee = SSL_AD_NO_APPLICATION_PROTOCOL
        unsafe TLSEngine.owner(of: ssl)?.clientOfferedNoALPN = true
        return SSL_CLIENT_HELLO_ERROR
    }
