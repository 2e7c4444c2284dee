"""Measures a running system through its socket, and prints Markdown.

scale.py SOCKET CPD-PID COUNTS...   with that many partitions in turn (users LAB001...): what one
more costs, what a command costs, what they cost while idle."""
import os
import socket
import statistics
import struct
import sys
import time
import json

MAGIC = 0x31504342
HEADER = struct.Struct("<IIIHH")
COMMAND, OUT, DONE, HELLO, ATTACH, CONSOLE = 1, 2, 4, 100, 103, 123
JSON = 1


class Client:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.connect(path)
        self.ident = 0
        self.send(HELLO, struct.pack("<I", 1), 0, 0)

    def send(self, kind, data, ident, flags):
        self.s.send(HEADER.pack(MAGIC, len(data), ident, kind, flags) + data)

    def command(self, text):
        """The parsed answer and the milliseconds it took."""
        self.ident += 1
        start = time.perf_counter()
        self.send(COMMAND, text.encode(), self.ident, JSON)
        said = b""
        while True:
            _, _, ident, kind, _ = HEADER.unpack_from(packet := self.s.recv(70000))
            if ident != self.ident:
                continue
            if kind == OUT:
                said += packet[HEADER.size:]
            elif kind == DONE:
                break
        answer = json.loads(said.splitlines()[0])
        took = (time.perf_counter() - start) * 1e3
        if answer["rc"]:
            sys.exit(f"{text}: {answer['messages']}")
        return answer, took


    def ipl_to_ready(self, userid):
        """Milliseconds from the IPL command to Ready; on the console one watches."""
        start = time.perf_counter()
        self.send(COMMAND, f"FOR {userid} CMD IPL CMS".encode(), 0, 0)
        seen = b""
        while b"Ready;" not in seen:
            _, _, _, kind, _ = HEADER.unpack_from(packet := self.s.recv(70000))
            if kind == CONSOLE:
                seen += packet[HEADER.size + 8:]
        return (time.perf_counter() - start) * 1e3


def measure_ipl(path, userid, times):
    """IPL of CMS in a partition that is there, as a watcher of its console sees it."""
    c = Client(path)
    c.command(f"XAUTOLOG {userid} IPL CMS SYNCH")
    watch = Client(path)
    watch.send(ATTACH, userid.encode(), 1, 0)
    seen = b""
    while b"Ready;" not in seen:
        seen += watch.s.recv(70000)
    values = [watch.ipl_to_ready(userid) for _ in range(times)]
    c.command(f"FORCE {userid}")
    return values


def cpu_seconds(pids):
    """Of all their threads, to the nanosecond: what each uses is less than a clock tick."""
    total = 0
    for pid in pids:
        for tid in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{tid}/schedstat") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def resident(pid):
    """RssAnon + RssFile in KiB: the process beside its guest's storage (which is shmem)."""
    with open(f"/proc/{pid}/status") as f:
        status = dict(line.split(":", 1) for line in f)
    return sum(int(status[k].split()[0]) for k in ("RssAnon", "RssFile"))


def spread(values):
    values = sorted(values)
    return f"{statistics.median(values):.2f} | {values[0]:.2f} - {values[-1]:.2f}"


def idle_share(pids, seconds):
    before, start = cpu_seconds(pids), time.monotonic()
    while time.monotonic() - start < seconds:
        time.sleep(seconds)
    return (cpu_seconds(pids) - before) / (time.monotonic() - start) * 100


def measure(c, cpd, count, previous):
    starts = []
    for i in range(previous + 1, count + 1):
        starts.append(c.command(f"XAUTOLOG LAB{i:03d} SYNCH")[1])
    names = c.command("QUERY NAMES")[0]["records"]
    pids = [r["pid"] for r in names]
    rows = [("start of one more, ms", starts[-20:])]
    for text in ("QUERY USERID", "QUERY LAB001", "INDICATE USER LAB001", "QUERY NAMES"):
        rows.append((f"{text}, ms", [c.command(text)[1] for _ in range(50)]))
    rows.append(("resident beside storage, KiB", [resident(p) for p in pids]))
    for what, values in rows:
        print(f"| {count} | {what} | {spread(values)} |", flush=True)
    print(f"| {count} | CPU of all partitions idle, % of a core | {idle_share(pids, 10):.2f} | |", flush=True)
    print(f"| {count} | CPU of cpd idle, % of a core | {idle_share([cpd], 5):.2f} | |", flush=True)


def main():
    path, cpd = sys.argv[1], int(sys.argv[2])
    c = Client(path)
    print("| partitions | what | median | least - most |\n|---|---|---|---|")
    print(f"| 1 | IPL command to Ready;, ms | {spread(measure_ipl(path, 'LAB201', 21))} |")
    previous = 0
    for count in map(int, sys.argv[3:]):
        measure(c, cpd, count, previous)
        previous = count
    print(f"| {previous + 1} | IPL command to Ready;, ms | {spread(measure_ipl(path, 'LAB201', 21))} |")


main()
