// SPDX-License-Identifier: Apache-2.0
//
// Pods and containers that come, go and are renamed, as cgroups below a kubepods of the caller's, hundreds of times a second.
//
//   churn --tree DIR [--tree DIR] --logs DIR --journal FILE [--seconds N] [--least N] [--rate N] [--seed N]
//
// A tree is kubepods in a mounted hierarchy: one for cgroup v2; for v1 the memory controller's, then cpuacct's. Some
// containers get a process that uses a little CPU; log links come, dangle and go. Names are used again: what is made anew
// under an old name is another container. v1 can rename; v2 cannot. It takes longer when not as many operations as --least
// says were done in its time. Everything is removed at the end, and a line says what was done. The journal has a line for
// each container that ever was, written when it ends, times by CLOCK_REALTIME:
//
//   INODE (of the first tree)  CPU NS AT ITS END  BORN NS  DIED NS
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    second = 1000000000, pods = 24, containers = 5, classes = 3, most_burn_ms = 8, busy_retries = 20000, settled_readings = 8
};

static const char *class_names[classes] = {"", "burstable/", "besteffort/"};

struct container {
    bool is_there;
    // Which name of its place it has; renaming takes the next.
    int name;
    pid_t process;
    uint64_t inode;
    int64_t born;
};

struct pod {
    bool is_there;
    int name, class;
    struct container containers[containers];
};

static struct pod all[pods];
static const char *trees[2], *logs;
static int tree_count;
static bool is_unified;
static FILE *journal;
static unsigned long operations, made, removed, renamed, processes, links, busy;
static volatile sig_atomic_t is_over;

static void stop(int number) {
    (void)number;
    is_over = 1;
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * second + time.tv_nsec;
}

static int below(int limit) { return (int)(random() % limit); }

static void die(const char *what) {
    perror(what);
    exit(1);
}

__attribute__((format(printf, 2, 3))) static void format(char path[PATH_MAX], const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    vsnprintf(path, PATH_MAX, pattern, arguments);
    va_end(arguments);
}

static void pod_path(char path[PATH_MAX], int tree, int pod, int name) {
    format(path, "%s/%spodc%07d-0000-4000-8000-%012d", trees[tree], class_names[all[pod].class], pod, name);
}

static void container_path(char path[PATH_MAX], int tree, int pod, int slot, int name) {
    char parent[PATH_MAX];
    pod_path(parent, tree, pod, all[pod].name);
    format(path, "%.3000s/%02x%02x%060x", parent, pod + 0xc0, slot + 0xc0, name);
}

static bool write_file(const char *directory, const char *name, const char *text) {
    char path[PATH_MAX];
    format(path, "%s/%s", directory, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool is_written = write(file, text, strlen(text)) >= 0;
    close(file);
    return is_written;
}

static void hand_down(const char *directory) {
    if (is_unified && !write_file(directory, "cgroup.subtree_control", "+cpu +memory")) die(directory);
}

static uint64_t used_cpu(int pod, int slot) {
    char directory[PATH_MAX], path[PATH_MAX];
    uint64_t value = 0;
    container_path(directory, tree_count - 1, pod, slot, all[pod].containers[slot].name);
    format(path, "%s/%s", directory, is_unified ? "cpu.stat" : "cpuacct.usage");
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, is_unified ? "usage_usec %lu" : "%lu", &value) != 1) die(path);
    fclose(file);
    return is_unified ? value * 1000 : value;
}

// A process that was killed may have its last microseconds counted a moment after it was waited for, and later still where
// its CPU is a virtual one that is held up.
static uint64_t final_cpu(int pod, int slot) {
    uint64_t last = used_cpu(pod, slot);
    for (int same = 0; same < settled_readings;) {
        usleep(100);
        uint64_t value = used_cpu(pod, slot);
        same = value == last ? same + 1 : 0;
        last = value;
    }
    return last;
}

// A process that was killed leaves its cgroup a moment after it was waited for.
static void remove_directory(const char *path) {
    for (int i = 0; i < busy_retries; i++) {
        if (rmdir(path) == 0) return;
        if (errno != EBUSY) die(path);
        busy++;
        usleep(100);
    }
    die(path);
}

static void make_directory(const char *path, bool is_leaf) {
    if (mkdir(path, 0755) != 0) die(path);
    if (!is_leaf) hand_down(path);
}

static void link_path(char path[PATH_MAX], int pod, int slot) {
    format(
        path, "%s/containers/churn-%d_churn_c%d-%02x%02x%060x.log", logs, pod, slot, pod + 0xc0, slot + 0xc0,
        all[pod].containers[slot].name);
}

static void make_link(int pod, int slot) {
    char path[PATH_MAX], target[PATH_MAX];
    link_path(path, pod, slot);
    // Some dangle from the start, as while a log is rotated; some lead to another pod's.
    format(
        target, "%s/pods/churn_churn-%d_c%07d-0000-4000-8000-%012d/c%d/0.log", logs, pod, below(8) ? pod : below(pods),
        all[pod].name, slot);
    if (symlink(target, path) == 0) links++;
}

static void burn(int milliseconds) {
    int64_t end = (int64_t)milliseconds * 1000000;
    while (now(CLOCK_PROCESS_CPUTIME_ID) < end) {}
}

static void start_process(int pod, int slot) {
    struct container *container = &all[pod].containers[slot];
    int milliseconds = below(most_burn_ms);
    bool ends = below(4) == 0;
    container->process = fork();
    if (container->process < 0) die("fork");
    if (container->process > 0) {
        processes++;
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int tree = 0; tree < tree_count; tree++) {
        char path[PATH_MAX];
        container_path(path, tree, pod, slot, container->name);
        // Its parent may have removed or renamed it by now.
        if (!write_file(path, "cgroup.procs", "0")) _exit(0);
    }
    burn(milliseconds);
    while (!ends) pause();
    _exit(0);
}

static void start_container(int pod, int slot) {
    struct container *container = &all[pod].containers[slot];
    char path[PATH_MAX];
    struct stat status;
    container->born = now(CLOCK_REALTIME);
    int first = below(2);
    for (int i = 0; i < tree_count; i++) {
        container_path(path, (first + i) % tree_count, pod, slot, container->name);
        make_directory(path, true);
    }
    container_path(path, 0, pod, slot, container->name);
    if (stat(path, &status) != 0) die(path);
    container->inode = status.st_ino;
    container->is_there = true;
    made++;
    if (below(2)) make_link(pod, slot);
    if (below(3) == 0) start_process(pod, slot);
}

static void end_container(int pod, int slot) {
    struct container *container = &all[pod].containers[slot];
    char path[PATH_MAX];
    if (container->process) {
        kill(container->process, SIGKILL);
        waitpid(container->process, NULL, 0);
    }
    uint64_t cpu = container->process ? final_cpu(pod, slot) : used_cpu(pod, slot);
    container->process = 0;
    int first = below(2);
    for (int i = 0; i < tree_count; i++) {
        container_path(path, (first + i) % tree_count, pod, slot, container->name);
        remove_directory(path);
    }
    fprintf(
        journal, "%lu %lu %ld %ld\n", container->inode, cpu, container->born, now(CLOCK_REALTIME));
    container->is_there = false;
    removed++;
    link_path(path, pod, slot);
    if (below(4)) unlink(path);
}

static void rename_container(int pod, int slot) {
    struct container *container = &all[pod].containers[slot];
    char from[PATH_MAX], to[PATH_MAX];
    link_path(from, pod, slot);
    unlink(from);
    for (int tree = 0; tree < tree_count; tree++) {
        container_path(from, tree, pod, slot, container->name);
        container_path(to, tree, pod, slot, container->name + 1);
        if (rename(from, to) != 0) die(from);
    }
    container->name++;
    renamed++;
}

static void start_pod(int pod) {
    char path[PATH_MAX];
    for (int tree = 0; tree < tree_count; tree++) {
        pod_path(path, tree, pod, all[pod].name);
        make_directory(path, false);
    }
    all[pod].is_there = true;
    made++;
}

static void end_pod(int pod) {
    char path[PATH_MAX];
    for (int slot = 0; slot < containers; slot++) {
        if (all[pod].containers[slot].is_there) end_container(pod, slot);
        link_path(path, pod, slot);
        unlink(path);
    }
    for (int tree = 0; tree < tree_count; tree++) {
        pod_path(path, tree, pod, all[pod].name);
        remove_directory(path);
    }
    all[pod].is_there = false;
    removed++;
}

static void rename_pod(int pod) {
    char from[PATH_MAX], to[PATH_MAX];
    for (int tree = 0; tree < tree_count; tree++) {
        pod_path(from, tree, pod, all[pod].name);
        pod_path(to, tree, pod, all[pod].name + 1);
        if (rename(from, to) != 0) die(from);
    }
    all[pod].name++;
    renamed++;
}

static void step(void) {
    int pod = below(pods), slot = below(containers), dice = below(100);
    // Some live long enough to be seen in many sweeps, also under other names.
    bool is_old_pod = pod % 2, is_old = is_old_pod && slot % 2;
    char path[PATH_MAX];
    operations++;
    if (!all[pod].is_there) {
        start_pod(pod);
    } else if (dice < 4) {
        if (!is_old_pod || below(20) == 0) end_pod(pod);
    } else if (dice < 6) {
        if (!is_unified) rename_pod(pod);
    } else if (!all[pod].containers[slot].is_there) {
        start_container(pod, slot);
    } else if (dice < 16) {
        if (!is_unified) rename_container(pod, slot);
    } else if (dice < 30) {
        link_path(path, pod, slot);
        if (unlink(path) != 0) make_link(pod, slot);
    } else if (!is_old || below(10) == 0) {
        end_container(pod, slot);
    }
}

int main(int count, char **arguments) {
    static const struct option options[] = {
        {"tree", required_argument, NULL, 't'}, {"logs", required_argument, NULL, 'l'},
        {"journal", required_argument, NULL, 'j'}, {"seconds", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'e'},
        {"least", required_argument, NULL, 'm'}, {0}};
    long seconds = 60, least = 0, rate = 500, seed = 1;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case 't': if (tree_count < 2) trees[tree_count++] = optarg; break;
        case 'l': logs = optarg; break;
        case 'j': journal = fopen(optarg, "we"); break;
        case 's': seconds = atol(optarg); break;
        case 'r': rate = atol(optarg); break;
        case 'e': seed = atol(optarg); break;
        case 'm': least = atol(optarg); break;
        default: return 2;
        }
    }
    if (!tree_count || !logs || !journal || seconds <= 0 || least < 0 || rate <= 0) {
        fputs("churn: needs --tree, --logs and a --journal that can be written\n", stderr);
        return 2;
    }
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    srandom((unsigned)seed);
    char path[PATH_MAX];
    format(path, "%s/cgroup.controllers", trees[0]);
    is_unified = access(path, F_OK) == 0;
    for (int tree = 0; tree < tree_count; tree++) {
        for (int class = 0; class < classes; class++) {
            format(path, "%s/%s", trees[tree], class_names[class]);
            if (mkdir(path, 0755) != 0 && errno != EEXIST) die(path);
            hand_down(path);
        }
    }
    for (int pod = 0; pod < pods; pod++) all[pod].class = pod % classes;

    puts("started");
    fflush(stdout);
    const int64_t began = now(CLOCK_MONOTONIC);
    int64_t next = began;
    while (!is_over && (now(CLOCK_MONOTONIC) - began < seconds * second || operations < (unsigned long)least)) {
        step();
        next += second / rate;
        int64_t rest = next - now(CLOCK_MONOTONIC);
        // Behind by more than a little: it is as fast as it can be.
        if (rest < -second / 10) next = now(CLOCK_MONOTONIC);
        if (rest > 0) usleep((useconds_t)(rest / 1000));
    }
    double took = (double)(now(CLOCK_MONOTONIC) - began) / second;
    for (int pod = 0; pod < pods; pod++) {
        if (all[pod].is_there) end_pod(pod);
    }
    if (fclose(journal) != 0) die("journal");
    printf(
        "done: operations=%lu made=%lu removed=%lu renamed=%lu processes=%lu links=%lu busy=%lu per_second=%.0f\n",
        operations, made, removed, renamed, processes, links, busy, (double)operations / took);
    return 0;
}
