#!/bin/sh
# Makes sure that the programs and libraries for one job are here:
#
#   need.sh build | test | root | lint | packages
#
# As root on Debian and its relatives it installs what is missing; otherwise it
# names the command to type.
set -eu

missing=''

# want_program NAME PACKAGE
want_program() {
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

# want_header HEADER PACKAGE
want_header() {
	echo "#include <$1>" | "${CC:-gcc}" -E -xc - >/dev/null 2>&1 || missing="$missing $2"
}

# want_library NAME PACKAGE
want_library() {
	echo 'int main(void){return 0;}' | "${CC:-gcc}" -xc - "-l$1" -o /dev/null 2>/dev/null ||
		missing="$missing $2"
}

want_build() {
	want_program gcc gcc
	want_program make make
	want_program readelf binutils
	if command -v gcc >/dev/null 2>&1; then
		want_header stdlib.h libc6-dev
		want_header security/pam_modules.h libpam0g-dev
	fi
	if ! command -v go >/dev/null 2>&1; then
		echo "need.sh: Go is missing: install it from https://go.dev/dl/ or your distribution" >&2
		exit 1
	fi
}

case "${1:-}" in
build)
	want_build
	;;
test)
	want_build
	want_library asan gcc
	want_program clang clang
	if ! echo 'int main(void){return 0;}' | clang -fsanitize=address,undefined -xc - -o /dev/null 2>/dev/null; then
		missing="$missing libclang-rt-dev"
	fi
	;;
root)
	want_program debootstrap debootstrap
	want_program unshare util-linux
	want_program ip iproute2
	want_program openssl openssl
	;;
packages)
	want_build
	want_program gzip gzip
	want_program dpkg-deb dpkg
	want_program cmp diffutils
	;;
lint)
	want_build
	want_program clang clang
	want_program clang-format clang-format
	want_program shellcheck shellcheck
	want_program mandoc mandoc
	;;
*)
	echo "usage: need.sh build|test|root|lint|packages" >&2
	exit 2
	;;
esac

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "need.sh: installing$missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of packages
	apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 ||
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing >/dev/null; }
	exit 0
fi
echo "need.sh: not installed:$missing" >&2
echo "type: sudo apt-get install$missing" >&2
exit 1
