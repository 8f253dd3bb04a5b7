// SPDX-License-Identifier: Apache-2.0
//
// A known load: burns a share of one core and holds memory.
//
//   load [--cpu PERCENT] [--memory MIB] [--start-after SECONDS] [--exit-after SECONDS] [--exit-status N]
//
// The share is of one core, by the process's own CPU clock, in periods of 100 ms; 200 is two cores' worth with --cpu 100 in
// two containers, one process has one thread. Memory is touched, so it is resident. It says "ready" once it holds it.
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { period = 100000000, second = 1000000000 };

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * second + time.tv_nsec;
}

static void sleep_until(int64_t when) {
    struct timespec time = {.tv_sec = when / second, .tv_nsec = when % second};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

// Process 1 of a container ignores signals that it has no handler for.
static void leave(int number) {
    (void)number;
    _exit(0);
}

static long value(const char *name, const char *text, long most) {
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 0 || number > most) {
        fprintf(stderr, "load: --%s takes a number from 0 to %ld, not %s\n", name, most, text);
        exit(2);
    }
    return number;
}

int main(int count, char **arguments) {
    static const struct option options[] = {
        {"cpu", required_argument, NULL, 'c'},        {"memory", required_argument, NULL, 'm'},
        {"start-after", required_argument, NULL, 'a'}, {"exit-after", required_argument, NULL, 'e'},
        {"exit-status", required_argument, NULL, 's'}, {0}};
    long cpu = 0, memory = 0, start_after = 0, exit_after = -1, exit_status = 1;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case 'c': cpu = value("cpu", optarg, 100); break;
        case 'm': memory = value("memory", optarg, 4096); break;
        case 'a': start_after = value("start-after", optarg, 86400); break;
        case 'e': exit_after = value("exit-after", optarg, 86400); break;
        case 's': exit_status = value("exit-status", optarg, 255); break;
        default: return 2;
        }
    }
    signal(SIGTERM, leave);
    signal(SIGINT, leave);

    const int64_t began = now(CLOCK_MONOTONIC);
    char *held = NULL;
    if (memory) {
        size_t size = (size_t)memory << 20;
        held = malloc(size);
        if (!held) {
            perror("load");
            return 1;
        }
        memset(held, 0x5a, size);
    }
    puts("ready");
    fflush(stdout);

    volatile uint64_t work = 0;
    int64_t next = began;
    while (exit_after < 0 || now(CLOCK_MONOTONIC) - began < exit_after * second) {
        if (cpu && now(CLOCK_MONOTONIC) - began >= start_after * second) {
            // What it was kept from in one period is made up for only within that period.
            int64_t stop = now(CLOCK_PROCESS_CPUTIME_ID) + (int64_t)period * cpu / 100;
            while (now(CLOCK_PROCESS_CPUTIME_ID) < stop && now(CLOCK_MONOTONIC) < next + period) {
                for (int i = 0; i < 1000; i++) work += i;
            }
        }
        next += period;
        if (next > now(CLOCK_MONOTONIC)) sleep_until(next);
        else next = now(CLOCK_MONOTONIC);
    }
    free(held);
    return (int)exit_status;
}
