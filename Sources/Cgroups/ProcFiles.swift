// SPDX-License-Identifier: Apache-2.0
import Glibc

extension FileReader {
    /// Online CPUs and MemTotal.
    mutating func capacity(of proc: borrowing DirectoryHandle, at path: String) throws(CgroupError) -> NodeCapacity {
        var file = "stat"
        do throws(ReadFailure) {
            let cpus = try whole(file, in: proc) { bytes in
                let cpus = ProcStat.onlineCPUs(bytes)
                return cpus > 0 ? cpus : nil
            }
            file = "meminfo"
            let memory = try whole(file, in: proc) { KeyedFile.kibibytes("MemTotal:", $0) }
            let (millicores, _) = cpus.multipliedReportingOverflow(by: 1000)
            return NodeCapacity(cpuMillicores: UInt32(clamping: millicores), memoryBytes: memory)
        } catch {
            switch error {
            case .system(let failure): throw .unusable(path + "/" + file, errno: failure.errno, flag: "--proc-root")
            case .malformed:
                throw CgroupError(
                    .unreadable, path: path + "/" + file, cause: "not what the kernel writes there",
                    wayOut: "--proc-root names the place where procfs is mounted")
            }
        }
    }

    /// 8-4-4-4-12 hexadecimal digits; empty when there is none.
    mutating func bootID(of proc: borrowing DirectoryHandle) -> String {
        let found = try? whole("sys/kernel/random/boot_id", in: proc) { bytes -> String? in
            guard bytes.count >= 36 else { return nil }
            let id = bytes.extracting(..<36)
            for index in id.indices where id[index] != UInt8(ascii: "-") {
                if !CgroupName.isHexadecimal(id.extracting(index...index)) { return nil }
            }
            return text(id)
        }
        return found ?? ""
    }
}
