#!/bin/sh
# boot.sh boots the systemd of the private root it is started in (run.sh), as
# process 1 of namespaces of its own: processes, mounts, control groups, host name
# and IPC. The network is the caller's. It does not return; with its end all that
# was booted ends. What a boot would change for the machine outside is not there:
# kernel settings and devices are read-only, the clock is out of reach.
#
# Usage: boot.sh CGROUP
# CGROUP is an empty control group (version 2) of the caller's.
set -eu

# Nothing of it is needed, and some of it is about the machine outside.
left_out='dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount
sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
systemd-binfmt.service systemd-modules-load.service systemd-random-seed.service
systemd-sysctl.service systemd-timesyncd.service systemd-udevd.service timers.target'

# devices makes a dev of its own, since systemd puts its sockets there.
devices() {
	mount -t tmpfs -o mode=755 dev /mnt
	for node in null zero full random urandom tty; do
		: >"/mnt/$node"
		mount --bind "/dev/$node" "/mnt/$node"
	done
	mkdir /mnt/pts /mnt/shm
	mount --bind /dev/pts /mnt/pts
	ln -s pts/ptmx /mnt/ptmx
	ln -s /proc/self/fd /mnt/fd
	mount -t tmpfs -o mode=1777 shm /mnt/shm
	mount --move /mnt /dev
}

mounts() {
	mount -t proc proc /proc
	mount --bind /proc/sys /proc/sys
	mount -o remount,bind,ro /proc/sys
	mount -t sysfs -o ro sys /sys
	mount -t cgroup2 cgroup /sys/fs/cgroup
	devices
	mount -t tmpfs -o mode=755 run /run
	mount -t tmpfs -o mode=1777 tmp /tmp # systemd empties it
	mount --make-rshared / # as on every machine with systemd, and its secrets need it
	mkdir -p /run/systemd/system
	for unit in $left_out; do
		ln -s /dev/null "/run/systemd/system/$unit"
	done
}

if [ "${1:-}" != inside ]; then
	echo $$ >"$1/cgroup.procs"
	exec unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --cgroup "$0" inside
fi
mounts
systemd-machine-id-setup >/dev/null 2>&1 # or else it is a first boot
exec env -i container=goldap PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio \
	/lib/systemd/systemd --log-target=journal --show-status=0 --unit=basic.target </dev/null
