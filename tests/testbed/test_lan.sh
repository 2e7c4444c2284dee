#!/bin/bash
# Linux partitions on guest LANs, and behind NAT.
exec "${0%/*}/run" --cpus 2 --with guest-lan lan nat
