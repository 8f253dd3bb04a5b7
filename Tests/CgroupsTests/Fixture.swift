// SPDX-License-Identifier: Apache-2.0

/// What kernels print.
enum Fixture {
    /// Linux 6.18, v1, `memory.stat` of a cgroup with a process in it.
    static let memoryStatV1 = """
        cache 9228288
        rss 8093696
        rss_huge 0
        shmem 9084928
        mapped_file 7647232
        dirty 8192
        writeback 0
        workingset_refault_anon 0
        workingset_refault_file 921
        swap 0
        swapcached 0
        pgpgin 35303
        pgpgout 31074
        pgfault 36170
        pgmajfault 0
        inactive_anon 0
        active_anon 1531904
        inactive_file 0
        active_file 143360
        unevictable 15646720
        hierarchical_memory_limit 9223372036854771712
        hierarchical_memsw_limit 9223372036854771712
        total_cache 520151040
        total_rss 14598144
        total_rss_huge 0
        total_shmem 9084928
        total_mapped_file 11124736
        total_dirty 204800
        total_writeback 0
        total_workingset_refault_anon 0
        total_workingset_refault_file 307082
        total_swap 0
        total_swapcached 0
        total_pgpgin 3771891
        total_pgpgout 3642307
        total_pgfault 4209726
        total_pgmajfault 1902
        total_inactive_anon 6451200
        total_active_anon 1576960
        total_inactive_file 356409344
        total_active_file 154656768
        total_unevictable 15646720

        """

    /// The v2 format (kernel Documentation/admin-guide/cgroup-v2.rst), shortened at the end.
    static let memoryStatV2 = """
        anon 15269888
        file 45281280
        kernel 3145728
        kernel_stack 180224
        pagetables 724992
        sec_pagetables 0
        percpu 1296
        sock 0
        vmalloc 0
        shmem 0
        zswap 0
        zswapped 0
        file_mapped 20975616
        file_dirty 0
        file_writeback 0
        swapcached 0
        anon_thp 0
        file_thp 0
        shmem_thp 0
        inactive_anon 15253504
        active_anon 16384
        inactive_file 27684864
        active_file 17596416
        unevictable 0
        slab_reclaimable 1740936
        slab_unreclaimable 391280
        slab 2132216
        workingset_refault_anon 0

        """

    static let cpuStatV2 = """
        usage_usec 8123456
        user_usec 5000001
        system_usec 3123455
        core_sched.force_idle_usec 0
        nr_periods 120
        nr_throttled 3
        throttled_usec 45678
        nr_bursts 0
        burst_usec 0

        """

    static let pressure = """
        some avg10=12.34 avg60=2.05 avg300=100.00 total=98765432101
        full avg10=0.00 avg60=0.01 avg300=0.10 total=7

        """

    static let meminfo = """
        MemTotal:       24684464 kB
        MemFree:        23000000 kB
        MemAvailable:   24000000 kB
        Buffers:           10000 kB
        Cached:           200000 kB
        SwapCached:           40 kB
        Active:           150000 kB
        Inactive:         120000 kB
        Active(anon):      10000 kB
        Inactive(anon):    20000 kB
        Active(file):     140000 kB
        Inactive(file):   100000 kB
        AnonPages:         30000 kB

        """
}
