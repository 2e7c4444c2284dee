"""Clients of the CP socket that behave in bulk or badly.

clients.py SOCKET N         N clients at once, each asks and is answered
clients.py SOCKET deaf U    attaches to U's console and never reads
clients.py SOCKET garbage   sends what is no record"""
import os
import socket
import struct
import sys

MAGIC = 0x31504342
HEADER = struct.Struct("<IIIHH")
COMMAND, DONE, HELLO, ATTACH = 1, 4, 100, 103


def record(kind, data=b"", ident=0, flags=0):
    return HEADER.pack(MAGIC, len(data), ident, kind, flags) + data


def connect(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(30)
    s.connect(path)
    s.send(record(HELLO, struct.pack("<I", 1)))
    return s


def many(path, n):
    clients = [connect(path) for _ in range(n)]
    for s in clients:
        s.send(record(COMMAND, b"QUERY USERID", 7))
    answered = 0
    for s in clients:
        while True:
            _, _, ident, kind, _ = HEADER.unpack_from(s.recv(70000))
            if kind == DONE and ident == 7:
                answered += 1
                break
    print(f"{answered} answered")


def deaf(path, userid):
    s = connect(path)
    s.send(record(ATTACH, userid.encode(), 1))
    print("attached", flush=True)
    os.read(0, 1) or socket.socketpair()[0].recv(1)


def garbage(path):
    s = connect(path)
    s.send(os.urandom(600))
    while s.recv(70000):
        pass
    print("closed")


what = sys.argv[2]
if what == "deaf":
    deaf(sys.argv[1], sys.argv[3])
elif what == "garbage":
    garbage(sys.argv[1])
else:
    many(sys.argv[1], int(what))
