/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor of reading: opens (openat on a held directory), reads and closes the files that the agent reads of each
 * container, and makes nothing of them. Prints its CPU time per sweep, ns, as read.CONTAINERS.ns or, with a pause, as
 * read.paced.CONTAINERS.ns.
 *
 *   read_files HIERARCHIES PATH CONTAINERS SWEEPS PAUSE
 *
 * HIERARCHIES: v1 or v2. PATH: the kubepods root below each. PAUSE: ms from one sweep's start to the next one's. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 20000, ID_LENGTH = 64, WARM_UP = 20, WARM_UP_PACED = 3 };

struct container {
    int cpu, memory;
};

static struct container containers[MOST];
static int count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int hold(const char *tree, const char *path) {
    char full[PATH_MAX];
    snprintf(full, sizeof full, "/sys/fs/cgroup/%s/%s", tree, path);
    int directory = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) fail(full);
    return directory;
}

/* Containers are the directories with a bare id for a name. */
static void collect(const char *memory, const char *cpu, const char *below) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s", memory, below);
    DIR *directory = opendir(path);
    if (!directory) fail(path);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
        char child[PATH_MAX];
        if (snprintf(child, sizeof child, "%s/%s", below, entry->d_name) >= (int)sizeof child) exit(1);
        if (strlen(entry->d_name) == ID_LENGTH) {
            if (count == MOST) exit(1);
            containers[count].memory = hold(memory, child);
            containers[count++].cpu = hold(cpu, child);
        } else {
            collect(memory, cpu, child);
        }
    }
    closedir(directory);
}

static void take(int directory, const char *name) {
    static char buffer[16384];
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) fail(name);
    if (read(file, buffer, sizeof buffer) <= 0) fail(name);
    close(file);
}

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argument_count, char **arguments) {
    if (argument_count != 6) return 2;
    int unified = strcmp(arguments[1], "v2") == 0;
    int expected = atoi(arguments[3]), sweeps = atoi(arguments[4]), pause = atoi(arguments[5]);
    collect(unified ? "." : "memory", unified ? "." : "cpuacct", arguments[2]);
    if (count != expected || sweeps < 1) {
        fprintf(stderr, "read_files: %d containers, not %d\n", count, expected);
        return 1;
    }
    long long before = 0, next = now(CLOCK_MONOTONIC);
    for (int sweep = pause ? -WARM_UP_PACED : -WARM_UP; sweep < sweeps; sweep++) {
        if (sweep == 0) before = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < count; i++) {
            take(containers[i].cpu, unified ? "cpu.stat" : "cpuacct.usage");
            take(containers[i].memory, "memory.stat");
            take(containers[i].memory, unified ? "memory.current" : "memory.usage_in_bytes");
        }
        if (!pause) continue;
        next += pause * 1000000LL;
        struct timespec until = {next / 1000000000, next % 1000000000};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) continue;
    }
    printf("read.%s%d.ns %.0f\n", pause ? "paced." : "", count,
           (double)(now(CLOCK_PROCESS_CPUTIME_ID) - before) / sweeps);
}
