// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport

/// A process in a cgroup that burns a part of one CPU and holds memory. Ends with this value, or with this process.
final class CPULoad {
    private let process: ChildProcess

    /// Perl is part of every Debian. Its standard input ends when nobody holds our end any more.
    private static let script = """
        my ($percent, $mib, @procs) = @ARGV;
        for my $file (@procs) { open my $f, ">", $file or die "$file: $!"; print $f "$$\\n"; close $f or die "$file: $!" }
        my $held = "x" x ($mib << 20);
        use Time::HiRes qw(time clock_gettime CLOCK_PROCESS_CPUTIME_ID);
        syswrite STDOUT, "loaded\\n";
        my $next = time;
        while (1) {
            my $stop = clock_gettime(CLOCK_PROCESS_CPUTIME_ID) + $percent / 2000;
            while ($percent && clock_gettime(CLOCK_PROCESS_CPUTIME_ID) < $stop) { for (1 .. 1000) { } }
            $next += 0.05;
            my $rest = $next - time;
            if ($rest < 0) { $next = time; $rest = 0 }
            my $input = "";
            vec($input, 0, 1) = 1;
            exit if select($input, undef, undef, $rest) > 0;
        }
        """

    /// Returns when it holds its memory.
    /// - Parameter procs: the `cgroup.procs` that it joins.
    init(percent: Int, mebibytes: Int, procs: [String]) throws {
        process = try ChildProcess(["perl", "-e", Self.script, "\(percent)", "\(mebibytes)"] + procs)
        try process.expect("loaded\n")
    }
}
