#!/bin/bash
# An initrd of 60 MiB that cannot be compressed.
# limit: 240
. "${0%/*}/../lib.sh"
mkdir "$work/filler"
head -c $((60 << 20)) /dev/urandom >"$work/filler/filler"
{ cat "$initrd"; (cd "$work/filler" && echo filler | cpio -o -H newc 2>/dev/null); } >"$work/initrd"
sum=$(md5sum <"$work/filler/filler")
rm "$work/filler/filler"
initrd=$work/initrd
linux L1 256M
cp_start
boot L1 120
is "every byte has arrived" "$(g L1 'md5sum </filler' 100)" "$sum"
finish
