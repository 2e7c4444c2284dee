"""Drives a partition's console through the CP socket: con.py SOCKET USERID SECONDS REGEX [LINE]...

Attaches with the keyboard (taking it over), waits for the replay, types the lines and
prints what the console says until REGEX matches what came after them.  Exit 1 if it does
not come in time, 2 if CP refuses."""
import re
import socket
import struct
import sys
import time

MAGIC = 0x31504342
HEADER = struct.Struct("<IIIHH")
CP_ERR, CP_DONE = 3, 4
HELLO, ATTACH, INPUT = 100, 103, 105
WELCOME, CONSOLE, END = 120, 123, 125


def send(s, kind, data=b"", ident=0, flags=0):
    s.send(HEADER.pack(MAGIC, len(data), ident, kind, flags) + data)


def main():
    path, userid, seconds, pattern = sys.argv[1:5]
    lines = sys.argv[5:]
    end = time.monotonic() + float(seconds)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(path)
    send(s, HELLO, struct.pack("<I", 1))
    send(s, ATTACH, userid.encode(), 1, 3)
    seen = b""
    typed = False
    while True:
        s.settimeout(max(0.001, end - time.monotonic()))
        try:
            packet = s.recv(70000)
        except TimeoutError:
            print(seen.decode(errors="replace"))
            print(f"con.py: /{pattern}/ not seen in {seconds} s", file=sys.stderr)
            return 1
        if not packet:
            print("con.py: CP has closed the connection", file=sys.stderr)
            return 2
        _, length, ident, kind, _ = HEADER.unpack_from(packet)
        data = packet[HEADER.size:HEADER.size + length]
        if kind == CP_ERR:
            print(data.decode(errors="replace"), file=sys.stderr)
        elif kind == CP_DONE and ident == 1:
            if struct.unpack("<I", data)[0]:
                return 2
            if lines:
                seen = b""  # the pattern must match what comes after the lines
            for line in lines:
                send(s, INPUT, line.encode() + b"\n")
            typed = True
        elif kind == CONSOLE:
            seen += data[8:]
        elif kind == END:
            print(data.decode(errors="replace"), file=sys.stderr)
            return 2
        if typed and re.search(pattern, seen.decode(errors="replace"), re.S | re.M):
            print(seen.decode(errors="replace"))
            return 0


sys.exit(main())
