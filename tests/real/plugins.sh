#!/bin/bash
# Every call of the OpenStack plugins against a real Keystone, Nova, Neutron, Glance and Cinder with fake compute hosts.
#
#   tests/real/plugins.sh [DIR]
#
# DIR, variables and what it needs: as openstack.sh. Exit status: 0 all passed, 1 something failed, 77 skipped.
set -uo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
PARTS=$HERE/openstack
OPENSTACK=${1:-${NFV_OPENSTACK_DIR:-${TMPDIR:-/tmp}/nfv-openstack}}

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || skip "the OpenStack of this test needs root (chroot, mount)"
command -v apt-get >/dev/null || skip "the OpenStack of this test is made of Debian packages, and there is no apt-get"
command -v python3 >/dev/null || fail "needs python3"
export PYTHONDONTWRITEBYTECODE=1

CHILD=''
cleanup() {
    trap '' INT TERM HUP
    if [ -n "$CHILD" ]; then kill -TERM -- "-$CHILD" 2>/dev/null; wait "$CHILD" 2>/dev/null; fi
    if [ -z "${NFV_REAL_LEAVE_UP:-}" ] && [ -d "$OPENSTACK" ]; then "$PARTS/openstack-down" "$OPENSTACK"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

run() {     # in a group of its own, waited for by `wait`: a signal to this script is acted upon at once
    setsid "$@" &
    CHILD=$!
    wait "$CHILD"
    local status=$?
    CHILD=''
    return $status
}

echo "OpenStack in $OPENSTACK"
run "$PARTS/openstack-up" "$OPENSTACK" || fail "openstack-up failed"
run python3 "$PARTS/clean.py" "$OPENSTACK" || fail "the OpenStack cannot be cleaned"
# shellcheck disable=SC1091
. "$OPENSTACK/openrc"
cd "$HERE/../.." || exit 1
export NFV_OPENSTACK_URL=${OS_AUTH_URL%/v3} NFV_OPENSTACK_DIR=$OPENSTACK
run cargo test -q -p nfv-plugins --test real_openstack -- --nocapture || fail "the test failed"
