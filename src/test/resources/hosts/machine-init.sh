#!/bin/sh
# The first program of a virtual machine, from its initial file system: begins what the machine is
# for, on the files of the machine that it runs on. They can be changed: that stays in memory.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro files /below
mount -t tmpfs -o size=60% tmpfs /above
mkdir /above/changes /above/work /above/root
mount -t overlay -o lowerdir=/below,upperdir=/above/changes,workdir=/above/work files /above/root
mkdir -p /above/root/proc /above/root/sys /above/root/dev
mount --move /proc /above/root/proc
mount --move /sys /above/root/sys
mount --move /dev /above/root/dev
exec switch_root /above/root /bin/sh "$(sed 's/.*begin=\([^ ]*\).*/\1/' /above/root/proc/cmdline)"
