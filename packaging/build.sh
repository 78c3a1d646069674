#!/bin/sh
# build.sh makes the packages: goldap, libpam-goldap, libnss-goldap and
# goldap-compat, of one kind.
#
#   build.sh deb|rpm PROGRAMS OUTPUT
#
# PROGRAMS is the folder with what make built, OUTPUT gets the packages. Environment:
# VERSION, SOURCE_DATE_EPOCH (both from git if unset), CC and GO. Two builds of one
# commit give the same bytes, wherever and whenever, with the same compilers.
set -eu
umask 022
export LC_ALL=C TZ=UTC

cd "$(dirname "$0")/.."
kind=$1 programs=$2 output=$3
VERSION=${VERSION:-$(packaging/version.sh)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(packaging/version.sh epoch)}
# What is made here: changelogs, compressed pages, nfpm's configurations.
STAGE=$output/stage/$kind

die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# machine sets what depends on the processor that the compiler makes code for.
machine() {
	target=$("${CC:-gcc}" -dumpmachine)
	case "$target" in
	x86_64-*) ARCH=amd64 ;;
	aarch64-*) ARCH=arm64 ;;
	*) die "packages are made for x86_64 and aarch64, not for $target" ;;
	esac
	case "$kind" in
	deb) LIBRARIES=/usr/lib/${target%%-*}-linux-gnu ;;
	rpm) LIBRARIES=/usr/lib64 ;;
	*) die "what is a $kind? say deb or rpm" ;;
	esac
}

# needed_glibc prints the oldest C library that has every symbol $1 asks for.
needed_glibc() {
	readelf --dyn-syms --wide "$1" |
		sed -n 's/.*@GLIBC_\([0-9.]*\).*/\1/p' | sort -u -t. -k1,1n -k2,2n | tail -n 1
}

# configuration prints nfpm's configuration of package $1. To goldap's it adds what
# comes in numbers.
configuration() {
	cat "packaging/nfpm/$1.yaml"
	[ "$1" = goldap ] || return 0
	entries /usr/lib/systemd/system packaging/systemd/*.service packaging/systemd/*.socket
	entries /usr/lib/sysusers.d packaging/sysusers.d/*
	entries /usr/lib/tmpfiles.d packaging/tmpfiles.d/*
	entries /usr/share/doc/goldap/docs docs/*.md
	entries /usr/share/doc/goldap/examples etc/examples/*.toml
	entries /usr/share/doc/goldap/examples/prometheus packaging/prometheus/*
	entries /usr/share/doc/goldap/selinux packaging/selinux/*
	for section in 1 5 7 8; do
		entries "/usr/share/man/man$section" "$STAGE"/man/*."$section.gz"
	done
	completions
	[ "$kind" = rpm ] || apparmor
}

# entries puts files into folder $1.
entries() {
	folder=$1
	shift
	for file; do
		[ -e "$file" ] || continue
		entry "$file" "$folder/${file##*/}" 0644
		case "$kind:$folder" in rpm:/usr/share/doc/* | rpm:/usr/share/man/*) echo '    type: doc' ;; esac
	done
}

# entry is one line of contents: file $1 becomes $2 with mode $3.
entry() {
	printf '  - src: %s\n    dst: %s\n    file_info: {mode: %s}\n' "$1" "$2" "$3"
}

apparmor() {
	for file in packaging/apparmor/usr.*; do
		[ -e "$file" ] || continue
		entry "$file" "/etc/apparmor.d/${file##*/}" 0644
		echo '    type: config|noreplace'
	done
}

completions() {
	zsh=/usr/share/zsh/vendor-completions
	[ "$kind" = deb ] || zsh=/usr/share/zsh/site-functions
	completion goldapctl.bash /usr/share/bash-completion/completions/goldapctl
	completion _goldapctl "$zsh/_goldapctl"
	completion goldapctl.fish /usr/share/fish/vendor_completions.d/goldapctl.fish
}

completion() {
	[ ! -e "packaging/completions/$1" ] || entry "packaging/completions/$1" "$2" 0644
}

# pages compresses the pages of the manual.
pages() {
	mkdir -p "$STAGE/man"
	for page in packaging/man/*.[1-8]; do
		[ ! -e "$page" ] || gzip -9nc "$page" >"$STAGE/man/${page##*/}.gz"
	done
}

# changelog writes Debian's, which is short: CHANGELOG.md says it all.
changelog() {
	printf '%s (%s-1) stable; urgency=medium\n\n' "$1" "$VERSION"
	printf '  * This version. CHANGELOG.md says what is new.\n\n'
	printf ' -- The goldap authors <goldap@users.noreply.github.com>  %s\n' \
		"$(date -u -d "@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %H:%M:%S +0000')"
}

# package makes package $1.
package() {
	changelog "$1" | gzip -9n >"$STAGE/$1.changelog.gz"
	configuration "$1" >"$STAGE/$1.yaml"
	GOOS='' GOARCH='' CGO_ENABLED=0 "${GO:-go}" tool -modfile=packaging/nfpm/go.mod nfpm package \
		--config "$STAGE/$1.yaml" --packager "$kind" --target "$output"
}

machine
rm -rf "$STAGE" "$output"/*."$kind"
mkdir -p "$STAGE"
PROGRAMS=$programs
GLIBC_CTL=$(needed_glibc "$programs/goldapctl")
GLIBC_PAM=$(needed_glibc "$programs/pam_goldap.so")
GLIBC_NSS=$(needed_glibc "$programs/libnss_goldap.so.2")
export VERSION SOURCE_DATE_EPOCH STAGE ARCH LIBRARIES PROGRAMS GLIBC_CTL GLIBC_PAM GLIBC_NSS
pages
for name in goldap libpam-goldap libnss-goldap goldap-compat; do
	package "$name"
done
