#!/bin/bash
# 5 GiB of storage, on a machine with 7.
exec "${0%/*}/run" --memory 7168 large
