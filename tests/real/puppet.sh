#!/bin/bash
# The Puppet modules with a real Puppet: checked, their specs run, applied to the packages' files; the files then hold what
# they should, key by key, applying again changes nothing, and the processes start with them.
#
#   tests/real/puppet.sh
#
# expected/*.json are the keys that the platform's own modules of 2019 write for the same parameters.
# Exit status: 0 passed, 1 failed, 77 skipped.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
PARTS=$PWD/tests/real
BIN=${NFV_BIN_DIR:-$PWD/target/debug}
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "installing packages needs root"
command -v apt-get >/dev/null || skip "Puppet is installed by apt-get, and there is none"
# shellcheck disable=SC1091
. tools/prerequisites
need_build_tools
for tool in puppet:puppet-agent puppet-lint:puppet-lint rspec:ruby-rspec-puppet; do
    command -v "${tool%%:*}" >/dev/null || install "${tool#*:}"
done
ruby -e 'require "rspec-puppet"' 2>/dev/null || install ruby-rspec-puppet
[ -x "$BIN/nfv-vim" ] && [ -x "$BIN/nova-api-proxy" ] || fail "no nfv-vim and nova-api-proxy in $BIN: build first"

echo "-- parser and lint"
# shellcheck disable=SC2046
puppet parser validate $(find puppet -name '*.pp') || fail "puppet parser validate"
puppet-lint --fail-on-warnings puppet || fail "puppet-lint"
for module in nfv nova_api_proxy; do
    echo "-- specs of $module"
    (cd "puppet/$module" && rspec spec/classes spec/unit) || fail "specs of $module"
done

WORK=$(mktemp -d "${TMPDIR:-/tmp}/nfv-puppet.XXXXXX") || exit 1
GOOD=''
trap 'if [ -n "$GOOD" ]; then rm -rf "$WORK"; else echo "logs are kept in $WORK" >&2; fi' EXIT
"$PARTS/packages/in-a-copy" "$WORK/try" true || skip "no overlay file system can be mounted here"
echo "-- packing"
tools/package --partial --fast --deb --programs "$BIN" --out "$WORK" nfv-common nfv-plugins nfv-vim nova-api-proxy \
    >/dev/null 2>"$WORK/packing" || { cat "$WORK/packing"; fail "tools/package failed"; }
for case in defaults platform; do
    echo "-- applied: $case"
    "$PARTS/packages/in-a-copy" "$WORK/$case" python3 "$PARTS/puppet/apply.py" "$case" "$WORK" "$PWD" || fail "$case"
done
GOOD=1
