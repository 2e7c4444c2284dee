#!/bin/bash
# CMS in the emulated machine, where KVM is the hardware's and control groups are version 2:
# the system's own tests of a partition's life, sandbox and adoption.
exec "${0%/*}/run" cgroup test_life test_sandbox test_crash
