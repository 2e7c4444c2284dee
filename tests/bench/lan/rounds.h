/* What a frame costs the switch itself: rounds of its poller, timed, with everything else
 * left out. */
#ifndef TESTS_BENCH_LAN_ROUNDS_H
#define TESTS_BENCH_LAN_ROUNDS_H

/* ns for a frame of 64 bytes from one port of `n_ports` to another, which has `n_macs`
 * addresses that are written to in turn: the median of many bursts. */
double rounds_ns(unsigned n_ports, unsigned n_macs);

#endif
