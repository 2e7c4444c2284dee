"""Tables, in Markdown, of what tests/bench/boot has said: monitors.py FILE COUNTED-FILE, the second
from a machine whose nanoseconds are instructions."""
import collections
import re
import statistics
import sys

NAMES = {"partition": "partition", "pc": "QEMU pc", "microvm": "QEMU microvm", "kvmtool": "kvmtool"}
OURS = "partition"
USER, MMIO, RESERVED = "kvm_userspace_exit", "kvm_mmio", 1 << 3
# AMD64 Architecture Programmer's Manual 2, appendix C
SVM = {0x40: "exception", 0x60: "interrupt of the host", 0x64: "interrupt window", 0x72: "CPUID",
       0x78: "HLT", 0x7b: "port", 0x7c: "MSR", 0x400: "nested page fault"}
PORTS = [(0x3f8, 0x3ff, "COM1"), (0x2e8, 0x2ef, "COM4, absent"), (0x2f8, 0x2ff, "COM2, absent"),
         (0x3e8, 0x3ef, "COM3, absent"), (0xcf8, 0xcff, "PCI by ports, silent"),
         (0x600, 0x60f, "ACPI"), (0x60, 0x64, "keyboard controller"), (0x70, 0x71, "clock")]
KERNEL_MMIO = 0xfec00000  # interrupt controllers: KVM's own


class Boot:
    """One boot of one monitor: single values, and histograms as {key: count}."""

    def __init__(self):
        self.value = {}
        self.hist = collections.defaultdict(dict)

    def take(self, key, rest):
        if key in HISTS:
            what, count = rest.rsplit(" ", 1)
            self.hist[key][what] = int(count)
        else:
            self.value.setdefault(key, float(rest))  # of the entries the first

    def total(self, hist):
        return sum(self.hist[hist].values())

    def ms(self, key):
        return (self.value[key] - self.value["at_sched_process_exec"]) * 1e3

    def faults(self):
        """Of guest accesses to what is not mapped; those to a known device's page are none."""
        return sum(n for code, n in self.hist["kvm_page_fault"].items() if not int(code) & RESERVED)


FIRST, INIT, EXITS = "exec to the guest's first instruction", "exec to init", "exits until init"
HISTS = ("kvm_exit", USER, "kvm_page_fault", "kvm_pio", MMIO, "sys_enter")
ROWS = [
    (FIRST + ", ms", lambda b: b.ms("at_kvm_entry")),
    (INIT + ", ms", lambda b: b.ms("at_kvm_pio")),
    ("resident beside guest storage, KiB", lambda b: b.value["resident"]),
    ("of that anonymous, KiB", lambda b: b.value["anonymous"]),
    ("page tables, KiB", lambda b: b.value["page_tables"]),
    (EXITS, lambda b: b.total("kvm_exit")),
    ("exits to user space until init", lambda b: b.total(USER)),
    ("nested page faults until init", Boot.faults),
    ("system calls, whole run", lambda b: b.total("sys_enter")),
]
COUNTED_ROWS = [
    (FIRST + ", millions of instructions", lambda b: b.ms("at_kvm_entry")),
    (INIT + ", millions of instructions", lambda b: b.ms("at_kvm_pio")),
    (EXITS, lambda b: b.total("kvm_exit")),
]


def read(path):
    boots = collections.defaultdict(lambda: collections.defaultdict(Boot))
    with open(path, errors="replace") as f:
        for line in f:
            _, name, number, key, *rest = line.rstrip().split(" ", 4)
            if key != "#":
                boots[name][int(number)].take(key, rest[0])
    return boots


def cell(values):
    middle, least, most = statistics.median(values), min(values), max(values)
    digits = 1 if middle < 100 and middle != int(middle) else 0
    return f"{middle:.{digits}f} ({least:.{digits}f} - {most:.{digits}f})"


def peers_in(runs):
    return [n for n in NAMES if n in runs and n != OURS]


def comparison(runs, rows):
    peers = peers_in(runs)
    print(f"| median (least - most) | {' | '.join(NAMES[n] for n in [OURS] + peers)} | ours / best peer |")
    print("|---" * (len(peers) + 3) + "|")
    for what, value in rows:
        values = {n: [value(b) for b in runs[n]] for n in [OURS] + peers}
        best = min(statistics.median(values[n]) for n in peers)
        ratio = statistics.median(values[OURS]) / best
        print(f"| {what} | {' | '.join(cell(v) for v in values.values())} | {ratio:.3f} |")


def size_row(sizes):
    peers = peers_in(sizes)
    ratio = sizes[OURS] / min(sizes[n] for n in peers)
    print(f"| program and libraries, bytes | {' | '.join(f'{sizes[n]:.0f}' for n in [OURS] + peers)}"
          f" | {ratio:.3f} |")


def middle_counts(boots, hist, name_of):
    """The median over the boots of each cause's count."""
    each = []
    for b in boots:
        count = collections.Counter()
        for key, n in b.hist[hist].items():
            if (name := name_of(key)) is not None:
                count[name] += n
        each.append(count)
    names = set().union(*each)
    return {n: statistics.median(c[n] for c in each) for n in names}


def table(title, head, runs, hist, name_of, least=0):
    names = [n for n in NAMES if n in runs]
    columns = {n: middle_counts(runs[n], hist, name_of) for n in names}
    print(f"\n{title}\n\n| {head} | {' | '.join(NAMES[n] for n in names)} |")
    print("|---" * (len(names) + 1) + "|")
    causes = set().union(*columns.values())
    for cause in sorted(causes, key=lambda c: -max(columns[n].get(c, 0) for n in names)):
        row = [columns[n].get(cause, 0) for n in names]
        if max(row) > least:
            print(f"| {cause} | {' | '.join(f'{v:.0f}' for v in row)} |")


def port_name(key):
    port = int(key.split(",")[0])
    return next((name for first, last, name in PORTS if first <= port <= last), "others")


def device_name(key):
    """What goes to user space in our partition: not what KVM's interrupt controllers get."""
    gpa, kind = (int(n) for n in key.split(","))
    if gpa >= KERNEL_MMIO or kind == 1:  # 1: a read that was satisfied, counted as 0 before
        return None
    return "configuration space" if gpa < 0xe0100000 and gpa >= 0xe0000000 else "base addresses"


def call_names():
    names = {}
    with open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h") as f:
        for line in f:
            if m := re.match(r"#define __NR_(\w+) (\d+)", line):
                names[int(m[2])] = m[1]
    return names


def read_runs(path):
    """The boots of each monitor, and what is known of it without one."""
    boots = read(path)
    known = {name: rounds.pop(0).value for name, rounds in boots.items() if 0 in rounds}
    runs = {name: [rounds[i] for i in sorted(rounds)] for name, rounds in boots.items()}
    for name, rounds in runs.items():
        if lost := [i + 1 for i, b in enumerate(rounds) if not {"at_kvm_pio", "resident"} <= set(b.value)]:
            sys.exit(f"{name} did not come to its init in round {lost}")
    return runs, known


def main():
    runs, known = read_runs(sys.argv[1])
    comparison(runs, ROWS)
    size_row({name: values["size"] for name, values in known.items()})
    print("\nWith a processor whose time is the number of its instructions (idling counts as working):\n")
    comparison(read_runs(sys.argv[2])[0], COUNTED_ROWS)
    table("Exits by cause, medians:", "cause", runs, "kvm_exit",
          lambda key: SVM.get(int(key), "others"))
    table("Accesses to ports, medians:", "port", runs, "kvm_pio", port_name)
    ours = {OURS: runs[OURS]}
    table("Accesses to memory that end in our process, medians:", "where", ours, MMIO, device_name)
    calls = call_names()
    table("System calls of our process, whole run, medians:", "call", ours, "sys_enter",
          lambda key: calls.get(int(key), key), 2)


main()
