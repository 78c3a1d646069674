#!/bin/sh
# run.sh builds the bench and runs it in the private root. Needs root, and
# build/goldapd and both modules in build/ unless -stock-only is given.
#
# Usage: run.sh [FLAG]...   (flags of the bench: -stock-only, -key ecdsa, ...)
# Environment: OUT=FILE writes the table to FILE, too; STRICT=1 makes a missed
# target an error; CC is the C compiler.
set -eu

caller=$PWD
cd "$(dirname "$0")/../.."
out=${OUT:-build/bench.txt}
case $out in
build/*|/*) ;;
*) out=$caller/$out ;;
esac

test/root/make-root.sh
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o build/bench-login \
	test/bench/login/login.c -lpam -ldl -lpthread
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -o build/bench-lookup \
	test/bench/lookup/lookup.c -ldl -lpthread
CGO_ENABLED=0 go build -trimpath -o build/bench ./test/bench

[ "${STRICT:-0}" != 1 ] || set -- -strict "$@"
status=0
test/root/run.sh /goldap/build/bench "$@" >"$out.new" || status=$?
cat "$out.new"
mv "$out.new" "$out"
exit "$status"
