// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

@Suite struct ValueTests {
    @Test("Deadlines order, pass and never overflow")
    func deadlines() {
        #expect(Deadline.after(milliseconds: -5).hasPassed)
        #expect(Deadline.after(milliseconds: .min).remainingMilliseconds == 0)
        #expect(Deadline.after(.seconds(-1)).remainingMilliseconds == 0)
        #expect(Deadline.after(milliseconds: .max) == .distantFuture)
        #expect(Deadline.after(.seconds(Int64.max)) == .distantFuture)
        #expect(Deadline.distantFuture.remainingMilliseconds == .max)
        #expect(!Deadline.distantFuture.hasPassed)
        #expect(Deadline.after(.seconds(-2)).overdue >= .seconds(2))
        #expect(Deadline.after(.seconds(-2)).overdue < .seconds(60))
        #expect(Deadline.after(.seconds(60)).overdue == .zero && Deadline.distantFuture.overdue == .zero)
        let soon = Deadline.after(milliseconds: 60_000)
        #expect((50_000...60_000).contains(soon.remainingMilliseconds))
        #expect(soon < Deadline.after(.seconds(3600)))
        #expect(Deadline.after(.seconds(100 * 86_400)).remainingMilliseconds == .max)
    }

    @Test("Address literals parse and print; others are refused")
    func literals() {
        #expect(SocketAddress(ipLiteral: "127.0.0.1", port: 80)?.description == "127.0.0.1:80")
        #expect(SocketAddress(ipLiteral: "::1", port: 443)?.description == "[::1]:443")
        for text in ["", "1.2.3", "localhost", "[::1]", "127.0.0.1\0", "::1%lo", "1.2.3.4:80"] {
            #expect(SocketAddress(ipLiteral: text, port: 1) == nil)
        }
    }

    @Test("Names resolve to distinct addresses, or to an error that names them")
    func resolving() throws {
        let local = try SocketAddress.resolve(host: "localhost", port: 99)
        #expect(!local.isEmpty && Set(local).count == local.count)
        #expect(local.contains { $0.description == "127.0.0.1:99" || $0.description == "[::1]:99" })
        #expect(try SocketAddress.resolve(host: "::1", port: 1).map(\.description) == ["[::1]:1"])
        let unknown = tlsError { try SocketAddress.resolve(host: "no-such-host.invalid", port: 1) }
        #expect(unknown?.code == .connectFailed)
        #expect(unknown?.message.contains("no-such-host.invalid") == true)
        #expect(tlsError { try SocketAddress.resolve(host: "", port: 1) }?.code == .invalidArgument)
        #expect(tlsError { try SocketAddress.resolve(host: "a\0b", port: 1) }?.code == .invalidArgument)
    }

    @Test("SHA-256 of the standard's examples")
    func sha256() {
        func hex(_ text: String) -> String {
            Crypto.sha256(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("Random bytes differ, comparison compares")
    func randomAndCompare() throws {
        #expect(try Crypto.randomBytes(0) == [])
        #expect(try Crypto.randomBytes(32) != Crypto.randomBytes(32))
        #expect(tlsError { try Crypto.randomBytes(-1) }?.code == .invalidArgument)
        #expect(Crypto.constantTimeEquals([1, 2], [1, 2]) && Crypto.constantTimeEquals([], []))
        #expect(!Crypto.constantTimeEquals([1, 2], [1, 3]) && !Crypto.constantTimeEquals([1], [1, 2]))
    }

    @Test("Errors are equal by code and print both")
    func errors() {
        #expect(TLSError(.closed, "a") == TLSError(.closed, "b"))
        #expect(TLSError(.closed, "a") != TLSError(.truncated, "a"))
        #expect(TLSError(.closed, "why").prefixed("peer").description == "closed: peer: why")
    }
}
