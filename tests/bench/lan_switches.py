"""The table of tests/bench/lan_switches: lan_switches.py FILE SMALL MEDIUM LARGE.

A line of FILE is one measurement: who, what (flood, rtt and options), a frame's bytes, and
two numbers: frames a second and how many were lost, or the median and the 99th percentile
of nanoseconds.  "missing WHO" and "note TEXT" are said below the table.
"""
import collections
import statistics
import sys

NAMES = {
    "memcpy": "memcpy, no switch at all",
    "relay": "a bare ring and memcpy on the other processor",
    "shared": "**Bulkhead**, SHARED",
    "shared,virtio-user": "**Bulkhead**, SHARED, DPDK's virtio-user",
    "bounce": "**Bulkhead**, BOUNCE",
    "ovs-dpdk": "Open vSwitch with DPDK",
    "ovs-dpdk,virtio-user": "Open vSwitch with DPDK, DPDK's virtio-user",
    "ovs-tap": "Open vSwitch in user space, TAP",
    "bridge": "Linux bridge, TAP",
    "vde": "vde_switch",
}

PACKAGES = {"ovs-dpdk": " (Debian's openvswitch-switch-dpdk)",
            "ovs-tap": " (Debian's openvswitch-switch-dpdk)", "vde": " (Debian's vde-switch)"}


def read(path):
    got = collections.defaultdict(list)
    missing, notes, lost = [], [], collections.Counter()
    for line in open(path):
        word, *rest = line.split()
        if word == "note":
            notes.append(" ".join(rest))
        elif word == "missing":
            missing.append(rest[0])
        else:
            what, size, one, two = rest[0], int(rest[-3]), float(rest[-2]), float(rest[-1])
            got[word, what, size].append((one, two))
            if what == "flood":
                lost[word] += int(two)
    return got, missing, notes, lost


def median(got, key, which=0):
    values = [m[which] for m in got.get(key, [])]
    return statistics.median(values) if values else None


def scaled(value):
    """Three digits that count, in millions or thousands."""
    for unit, name in ((1e6, "M"), (1e3, "k"), (1, "")):
        if value >= unit:
            return f"{value / unit:.3g} {name}".strip()
    return f"{value:.3g}"


def frames(got, who, size):
    rate = median(got, (who, "flood", size))
    if rate is None:
        return "-"
    return f"{scaled(rate)} ({rate * size * 8 / 1e9:.3g} Gbit/s)"


def times(got, who, burst, size):
    key = (who, f"rtt-b{burst}", size)
    if median(got, key) is None:
        return "-"
    return f"{median(got, key) / 1000:.3g} / {median(got, key, 1) / 1000:.3g}"


def goal(text, ours, other, least):
    if ours is None or other is None:
        return f"| {text} | not measured | |"
    ratio = ours / other
    met = ratio >= least if least >= 0 else ratio <= -least
    return f"| {text} | {ratio:.2f} | {'met' if met else 'not met'} |"


def goals(got, small, medium, large):
    """`least` below zero: at most that much."""
    def rate(who, size):
        return median(got, (who, "flood", size))

    def trip(who, burst):
        return median(got, (who, f"rtt-b{burst}", small))

    yield goal("64 B, of Open vSwitch with DPDK (1)", rate("shared", small),
               rate("ovs-dpdk", small), 1)
    yield goal("64 B, of vde_switch (20)", rate("shared", small), rate("vde", small), 20)
    yield goal("1514 B, of Open vSwitch with DPDK (1)", rate("shared", medium),
               rate("ovs-dpdk", medium), 1)
    yield goal("1514 B, of memcpy (0.7)", rate("shared", medium), rate("memcpy", medium), 0.7)
    yield goal("64 KiB, of memcpy (0.7)", rate("shared", large), rate("memcpy", large), 0.7)
    yield goal("64 KiB, of the Linux bridge (1)", rate("shared", large),
               rate("bridge", large), 1)
    yield goal("1514 B, BOUNCE of SHARED (0.5)", rate("bounce", medium),
               rate("shared", medium), 0.5)
    for burst, name in ((1, "round trip"), (32, "round trip of 32")):
        yield goal(f"{name}, of Open vSwitch with DPDK (at most 1)", trip("shared", burst),
                   trip("ovs-dpdk", burst), -1)


def main():
    small, medium, large = (int(word) for word in sys.argv[2:5])
    got, missing, notes, lost = read(sys.argv[1])
    print("| frames/s, median | 64 B | 1514 B | 64 KiB | round trip, us, p50 / p99 "
          "| of 32 at once |")
    print("|---|---|---|---|---|---|")
    for who, name in NAMES.items():
        if not any(key[0] == who for key in got):
            continue
        cells = [frames(got, who, size) for size in (small, medium, large)]
        cells += [times(got, who, burst, small) for burst in (1, 32)]
        print(f"| {name} | {' | '.join(cells)} |")
    print()
    print("| ratio (goal) | measured | |")
    print("|---|---|---|")
    for line in goals(got, small, medium, large):
        print(line)
    print()
    for who in sorted(set(missing)):
        print(f"Not measured, since it is not here or did not start: {NAMES[who]}"
              f"{PACKAGES.get(who, '')}.")
    for who, count in lost.items():
        if count:
            print(f"Frames lost on the way by {NAMES[who]}: {count}.")
    for note in notes:
        print(note)


main()
