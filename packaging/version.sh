#!/bin/sh
# version.sh prints the version of the packages, from git: 1.2.3 at the tag
# v1.2.3, 1.2.3+4.gabcdef four commits behind it, 1.2.3~rc1 at v1.2.3-rc1, and
# 0.0.0+20260102030405.abcdef before there is any tag. Each is newer than the one
# before it, for dpkg and for rpm.
#
#   version.sh         the version
#   version.sh epoch   the time of the last commit, in seconds since 1970
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = epoch ]; then
	git log -1 --format=%ct 2>/dev/null || {
		echo "version.sh: not in git: set SOURCE_DATE_EPOCH" >&2
		exit 1
	}
	exit
fi
if described=$(git describe --tags --match 'v[0-9]*' 2>/dev/null); then
	printf '%s\n' "${described#v}" |
		sed -e 's/-\([0-9][0-9]*\)-\(g[0-9a-f]*\)$/+\1.\2/' -e 's/-/~/'
elif ! TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=0.0.0+%cd.%h 2>/dev/null; then
	echo "version.sh: not in git: say which version: make deb VERSION=1.2.3" >&2
	exit 1
fi
