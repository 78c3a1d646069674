#!/bin/sh
# make-root.sh builds build/root: a small Debian with slapd, sshd, su, sudo,
# pamtester and the stock nslcd packages, for the tests and the bench. Nothing
# is installed on the machine itself, and nothing in the root is started here;
# run.sh enters it. The finished root carries a stamp, the hash of this script
# and the package lists; while the stamp fits, nothing is done and no network
# is needed. Needs root and debootstrap.
#
# With "servers" it builds build/root-servers: a copy of build/root, made
# first if need be, with 389 Directory Server, Samba and JupyterHub. They are
# large, and only the tests whose names begin with TestOn need them.
#
# Usage: make-root.sh [servers]
# Environment: SUITE and MIRROR override what is found on the machine.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kind=${1:-}
base=$(cd "$here/../.." && pwd)/build/root
root=$base${kind:+-$kind}
half=$root.half

say() { printf 'root: %s\n' "$*"; }
die() { printf 'root: %s\n' "$*" >&2; exit 1; }

packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/packages.$1"; }

stamp() {
	cat "$here/make-root.sh" "$here/packages.base" "$here/packages.stock" ${kind:+"$here/packages.$kind"} |
		sha256sum | cut -d' ' -f1
}

# suite prints the codename of the machine's release, bookworm if it has none.
suite() {
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}") || codename=
	if [ -e "/usr/share/debootstrap/scripts/${codename:-none}" ]; then
		printf '%s\n' "$codename"
	else
		printf 'bookworm\n'
	fi
}

# shellcheck disable=SC2016 # the formats are apt's, not the shell's
INDEX='$(RELEASE) $(REPO_URI) $(COMPONENT)'

# mirror prints the first archive that the machine's own apt uses for suite $1.
mirror() {
	found=$(apt-get indextargets --format "$INDEX" 'Created-By: Packages' 2>/dev/null |
		awk -v suite="$1" '$1 == suite { print $2; exit }') || found=
	printf '%s\n' "${found:-http://deb.debian.org/debian}"
}

# components prints what suite $1 is made of on the machine, comma-separated.
components() {
	found=$(apt-get indextargets --format "$INDEX" 'Created-By: Packages' 2>/dev/null |
		awk -v suite="$1" '$1 == suite && !seen[$3]++ { list = list (list ? "," : "") $3 } END { print list }') || found=
	printf '%s\n' "${found:-main}"
}

# use_proxy gives debootstrap the proxy that the machine's apt uses.
use_proxy() {
	eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null || :)"
	if [ -n "${proxy:-}" ] && [ -z "${http_proxy:-}" ]; then
		export http_proxy="$proxy"
	fi
}

# logged runs a command and shows what it said only if it fails.
logged() {
	"$@" >>"$half.log" 2>&1 || {
		tail -n 40 "$half.log" >&2
		die "this failed: $*"
	}
}

# bootstrap makes the minimal system in $half.
bootstrap() {
	distribution=$(suite)
	distribution=${SUITE:-$distribution}
	archive=$(mirror "$distribution")
	archive=${MIRROR:-$archive}
	say "debootstrap $distribution from $(printf '%s' "$archive" | sed 's#//[^/@]*@#//#')"
	logged debootstrap --variant=minbase --components="$(components "$distribution")" \
		"$distribution" "$half" "$archive"
}

# prepare lets apt work inside the root without starting or asking anything.
prepare() {
	printf '#!/bin/sh\nexit 101\n' >"$half/usr/sbin/policy-rc.d"
	chmod 755 "$half/usr/sbin/policy-rc.d"
	echo force-unsafe-io >"$half/etc/dpkg/dpkg.cfg.d/unsafe-io"
	apt-config dump 2>/dev/null | grep '^Acquire::' >"$half/etc/apt/apt.conf.d/machine" || :
	cp -L /etc/resolv.conf "$half/etc/resolv.conf" 2>/dev/null || :
	mount -t proc proc "$half/proc"
	echo 'slapd slapd/no_configuration boolean true' | logged chroot "$half" debconf-set-selections
}

# inside runs a command in the half-built root with a clean environment.
inside() {
	logged env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
		DEBIAN_FRONTEND=noninteractive ${http_proxy:+"http_proxy=$http_proxy"} chroot "$half" "$@"
}

install_packages() {
	# shellcheck disable=SC2046 # one word for each package
	inside apt-get -q -y --no-install-recommends install $(packages "$1")
}

# keep and restore bracket the stock packages, which would otherwise write
# themselves into the PAM and name-service configuration of the root.
keep() {
	mkdir -p "$half/stock"
	cp -a "$half/etc/nsswitch.conf" "$half"/etc/pam.d/common-* "$half/stock/"
}

restore() {
	cp -a "$half/stock/nsswitch.conf" "$half/etc/nsswitch.conf"
	cp -a "$half"/stock/common-* "$half/etc/pam.d/"
	rm -rf "$half/stock"
	if grep -l ldap "$half/etc/nsswitch.conf" "$half"/etc/pam.d/*; then
		die "the stock packages are still in the files above"
	fi
}

# finish removes what run.sh makes anew for each run, and the downloads.
finish() {
	inside apt-get clean
	umount "$half/proc"
	rm -rf "$half"/etc/ssh/ssh_host_* "$half"/etc/ldap/slapd.d "$half"/var/lib/ldap/* \
		"$half"/var/lib/apt/lists/* "$half/etc/apt/apt.conf.d/machine" "$half/etc/resolv.conf"
	mkdir -p "$half/goldap/build" "$half/goldap/test" "$half/run/sshd" "$half/run/nslcd"
}

build_base() {
	bootstrap
	prepare
	say "installing the servers and the tools"
	inside apt-get -q update
	install_packages base
	keep
	say "installing nslcd, libpam-ldapd and libnss-ldapd, left out of the stacks"
	install_packages stock
	restore
}

# build_servers installs what only some tests need on top of the base.
build_servers() {
	mkdir "$half"
	cp -a "$base/." "$half"
	prepare
	say "installing the large servers"
	inside apt-get -q update
	install_packages servers
}

build() {
	say "making $root; this is done once and takes a minute or two"
	rm -rf "$half" "$half.log"
	use_proxy
	"build_${kind:-base}"
	finish
	stamp >"$half/goldap/stamp"
	rm -rf "$root"
	mv "$half" "$root"
	rm -f "$half.log"
}

# cleanup removes the half-built root, whatever became of it.
cleanup() {
	umount "$half/proc" 2>/dev/null || :
	rm -rf --one-file-system "$half"
}

fits() { [ "$(cat "$root/goldap/stamp" 2>/dev/null)" = "$(stamp)" ]; }

case "$kind" in
'' | servers) ;;
*) die "usage: make-root.sh [servers]" ;;
esac
[ "$(id -u)" = 0 ] || die "only root can make a root"
! fits || exit 0
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
[ -z "$kind" ] || "$here/make-root.sh"
mkdir -p "$(dirname "$root")"
if [ "${GOLDAP_PRIVATE_MOUNTS:-}" != 1 ]; then
	# Mounts of a build that is killed vanish with this namespace.
	GOLDAP_PRIVATE_MOUNTS=1 exec unshare --mount --propagation private "$here/make-root.sh" "$@"
fi
# Whoever is inside the old root, or builds a new one, is waited for.
exec 9>>"$root.lock"
flock 9
! fits || exit 0
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
started=$(date +%s)
build
say "$root is ready after $(($(date +%s) - started)) s ($(du -sm "$root" | cut -f1) MB)"
