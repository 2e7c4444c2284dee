#!/bin/bash
# A machine with two nodes.
exec "${0%/*}/run" --cpus 4,sockets=2,cores=2 --memory 3072 \
	--qemu -object --qemu memory-backend-ram,id=m0,size=1536M \
	--qemu -object --qemu memory-backend-ram,id=m1,size=1536M \
	--qemu -numa --qemu node,nodeid=0,cpus=0-1,memdev=m0 \
	--qemu -numa --qemu node,nodeid=1,cpus=2-3,memdev=m1 topology
