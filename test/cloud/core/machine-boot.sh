#!/bin/bash
# First process of a stand-in's machine (PID 1 of its own namespace): a copy-on-write view of this computer with a
# fresh /etc/passwd, /home, /root, /tmp, /var/tmp and /run. Ends when it is killed, and everything in it with it.
#   $1 folder of the machine: files/ is laid over the root, disk/ is the mount point
#   $2 a folder of ready toolchains, or an empty word
set -eu
folder=$1
toolchains=$2
disk=$folder/disk
mount -t tmpfs -o size=8g,mode=755 tmpfs "$disk"
mkdir "$disk/upper" "$disk/work" "$disk/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$disk/root"
root=$disk/root
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
for fresh in run home root var/tmp tmp; do
  mount -t tmpfs -o mode=755 tmpfs "$root/$fresh"
done
chmod 1777 "$root/tmp" "$root/var/tmp"
mkdir -p "$root/run/sshd" "$root/var/lib/cvicast"
# A daemon of its own, if the machine is to have Docker: it cannot lay its layers over layers.
mkdir -p "$root/var/lib/docker"
mount -t tmpfs -o size=8g,mode=711 tmpfs "$root/var/lib/docker"
# From within, so that no link of the lower system leads the copy out of the machine.
mkdir "$root/run/files"
mount --bind "$folder/files" "$root/run/files"
chroot "$root" cp -R --remove-destination /run/files/. /
umount "$root/run/files"
rmdir "$root/run/files"
chmod -R go-rwx "$root/etc/machine"
chmod 0440 "$root/etc/sudoers"
if [ -n "$toolchains" ]; then
  mkdir -p "$root/var/lib/cvicast/toolchains"
  mount --bind "$toolchains" "$root/var/lib/cvicast/toolchains"
  # The interpreter that a toolchain was made with may lie in a home folder, which is fresh here.
  sed -n 's/^home = //p' "$toolchains"/*/pyvenv.cfg | sort -u | while read -r bin; do
    base=$(dirname "$bin")
    [ "$base" = /usr ] && continue
    mkdir -p "$root$base"
    mount --bind "$base" "$root$base"
  done
fi
# All that is written outside of the fresh folders, for whoever looks through the machine from outside (find-inside.ts).
mkdir "$root/run/written"
mount --bind "$disk/upper" "$root/run/written"
mount -o remount,bind,ro "$root/run/written"
# Its root is the root of the namespace, not of this process alone: who enters a container in it would else end up outside.
cd "$root"
mkdir -p mnt/computer
pivot_root . mnt/computer
exec chroot . /bin/bash -c 'umount -l /mnt/computer && rmdir /mnt/computer && exec /bin/bash /etc/machine/init'
