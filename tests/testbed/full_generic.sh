#!/bin/bash
# The kernel for real PCs.
exec "${0%/*}/run" --cpus 2 --with guest-generic generic
