#!/bin/sh
# run.sh runs a command as root inside a private copy of build/root: its own
# mounts, processes, network (only loopback) and host name. The command may
# change whatever it likes; all of it, and every process left over, is gone
# when the command ends. The exit status is the command's.
#
# Usage: run.sh [--servers] COMMAND [ARGUMENT]...
# With --servers it is build/root-servers instead.
# Inside: /goldap has build, test, etc, docs, packaging and README.md of the
# repository, read-only; the environment is PATH, HOME, LANG, and CI if it is set;
# /etc/hosts knows the names below; there is no /dev/log.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
build=$repository/build
root=${GOLDAP_INSIDE:-root}

names='ldap.mydomain.com ldap1.mydomain.com ldap2.mydomain.com ldap3.mydomain.com'
# Where 389 Directory Server and the Active Directory of the tests listen.
large='127.0.0.2 ds.mydomain.com
127.0.0.3 dc1.ad.mydomain.com'

die() { printf 'run: %s\n' "$*" >&2; exit 125; }

# overlay puts the private copy at $build/$root.run/new.
overlay() {
	mount -t tmpfs -o mode=755 goldap "$build/$root.run"
	cd "$build"
	mkdir "$root.run/upper" "$root.run/work" "$root.run/new"
	# Relative paths, for a checkout may have a comma or a colon in its path.
	mount -t overlay -o "lowerdir=$root,upperdir=$root.run/upper,workdir=$root.run/work" goldap "$root.run/new"
	cd "$root.run/new"
}

# devices makes a minimal dev, with terminals of its own.
devices() {
	mount -t tmpfs -o mode=755 dev dev
	for node in null zero full random urandom tty; do
		: >"dev/$node"
		mount --bind "/dev/$node" "dev/$node"
	done
	mkdir dev/pts dev/shm
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
	ln -s pts/ptmx dev/ptmx
	ln -s /proc/self/fd dev/fd
	mount -t tmpfs -o mode=1777 shm dev/shm
}

# read_only shows the repository's directory or file $1 at goldap/$1.
read_only() {
	if [ -d "$repository/$1" ]; then mkdir -p "goldap/$1"; else : >"goldap/$1"; fi
	mount --bind "$repository/$1" "goldap/$1"
	mount -o remount,bind,ro "goldap/$1"
}

mounts() {
	mount -t proc proc proc
	devices
	mount -t tmpfs -o mode=755 run run
	mount -t tmpfs -o mode=1777 tmp tmp
	mkdir -m 755 run/sshd run/lock
	for shown in build test etc docs packaging README.md; do
		read_only "$shown"
	done
}

network() {
	hostname client
	printf '127.0.0.1 localhost client %s\n%s\n' "$names" "$large" >etc/hosts
	chroot . ip link set lo up
}

# inside is the first process of the new namespaces: it reaps what the
# command leaves behind, and with its end all of it ends.
inside() {
	overlay
	mounts
	network
	set +e
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LANG=C.UTF-8 ${CI:+"CI=$CI"} chroot . "$@" 9>&-
	exit $?
}

if [ "${1:-}" = --servers ]; then
	root="root-servers"
	shift
fi
[ $# -gt 0 ] || die "usage: run.sh [--servers] COMMAND [ARGUMENT]..."
[ "$(id -u)" = 0 ] || die "only root can enter the root"
[ -e "$build/$root/goldap/stamp" ] || die "there is no $root yet: run make-root.sh"
if [ -z "${GOLDAP_INSIDE:-}" ]; then
	mkdir -p "$build/$root.run"
	# Held until the end: make-root.sh does not replace a root in use.
	exec 9>>"$build/$root.lock"
	flock -s 9
	GOLDAP_INSIDE=$root exec unshare --mount --propagation private --pid --fork --kill-child \
		--net --uts --ipc "$here/run.sh" "$@"
fi
unset GOLDAP_INSIDE
inside "$@"
