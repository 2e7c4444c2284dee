#!/bin/bash
# Linux guests with several processors, on a machine that has two.
exec "${0%/*}/run" --cpus 2 cpus
