#!/bin/bash
# nfv-vim beside a real OpenStack with fake compute hosts; nfv-lab plays sysinv and mtc.
#
#   tests/real/openstack.sh [DIR]
#
# DIR (default: nfv-openstack under $TMPDIR or /tmp) holds the OpenStack; about 2 GB, made on the first use (6 minutes)
# and kept for the next one, stopped. What it is and what it needs: tests/real/openstack/README.md.
#   NFV_OPENSTACK_DIR=DIR       the same as the argument
#   NFV_BIN_DIR=target/debug    where nfv-vim and nfv-lab are
#   NFV_REAL_LEAVE_UP=1         leaves the OpenStack running
#   NFV_REAL_PLAY=play.py       what is played
# Exit status: 0 all passed, 1 something failed, 77 skipped.
set -uo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
PARTS=$HERE/openstack
BIN=${NFV_BIN_DIR:-$HERE/../../target/debug}
OPENSTACK=${1:-${NFV_OPENSTACK_DIR:-${TMPDIR:-/tmp}/nfv-openstack}}

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || skip "the OpenStack of this test needs root (chroot, mount)"
command -v apt-get >/dev/null || skip "the OpenStack of this test is made of Debian packages, and there is no apt-get"
command -v python3 >/dev/null || fail "needs python3"
for program in nfv-vim nfv-lab; do
    [ -x "$BIN/$program" ] || fail "no $BIN/$program: build first (cargo build -p nfv-vim -p nfv-lab)"
done
BIN=$(cd "$BIN" && pwd)
export NFV_BIN_DIR=$BIN
export PYTHONDONTWRITEBYTECODE=1

WORK=$(mktemp -d "${TMPDIR:-/tmp}/nfv-real.XXXXXX") || exit 1
VIM='' LAB='' CHILD='' VIM_STATUS='' GOOD=''

end_process() {     # end_process PID SECONDS: TERM, and KILL after that long; gives its exit status
    local pid=$1 left=$(($2 * 10))
    kill -TERM "$pid" 2>/dev/null
    while [ "$left" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; left=$((left - 1)); done
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
cleanup() {
    trap '' INT TERM HUP
    if [ -n "$CHILD" ]; then kill -TERM -- "-$CHILD" 2>/dev/null; wait "$CHILD" 2>/dev/null; fi
    if [ -n "$VIM" ]; then end_process "$VIM" 15; fi
    if [ -n "$LAB" ]; then end_process "$LAB" 15; fi
    if [ -z "${NFV_REAL_LEAVE_UP:-}" ] && [ -d "$OPENSTACK" ]; then "$PARTS/openstack-down" "$OPENSTACK"; fi
    if [ -n "$GOOD" ]; then
        rm -rf "$WORK"
    elif ! rmdir "$WORK" 2>/dev/null; then
        echo "state and logs are kept in $WORK" >&2
    fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# In a group of its own, waited for by `wait`: a signal to this script is acted upon at once, not when the child ends.
run() {
    setsid "$@" &
    CHILD=$!
    wait "$CHILD"
    local status=$?
    CHILD=''
    return $status
}
await() {           # await WHAT PID FILE: until the process has made the file
    local left=300
    until [ -e "$3" ]; do
        kill -0 "$2" 2>/dev/null || fail "$1 has ended, see $WORK"
        left=$((left - 1)); [ $left -gt 0 ] || fail "$1 does not come up, see $WORK"
        sleep 0.1
    done
}

echo "OpenStack in $OPENSTACK"
run "$PARTS/openstack-up" "$OPENSTACK" || fail "openstack-up failed"
run python3 "$PARTS/clean.py" "$OPENSTACK" || fail "the OpenStack cannot be cleaned"

python3 "$PARTS/configure.py" ports 5 >"$WORK/vim-ports" || fail "no free ports"
read -r INFRASTRUCTURE GUEST _ LISTENER _ <"$WORK/vim-ports"
setsid "$BIN/nfv-lab" run --cluster "$PARTS/cluster.toml" --port-base 0 \
    --ports-file "$WORK/lab-ports.json" --ready-file "$WORK/lab-ready" --journal "$WORK/lab-journal" \
    --vim-infrastructure "127.0.0.1:$INFRASTRUCTURE" --vim-guest "127.0.0.1:$GUEST" \
    --vim-listener "127.0.0.1:$LISTENER" >"$WORK/lab.out" 2>&1 </dev/null &
LAB=$!
await nfv-lab "$LAB" "$WORK/lab-ready"
python3 "$PARTS/configure.py" write "$WORK" "$OPENSTACK/openrc" || fail "no configuration"
setsid "$BIN/nfv-vim" -c "$WORK/config.ini" >"$WORK/vim.out" 2>&1 </dev/null &
VIM=$!

run python3 "$PARTS/${NFV_REAL_PLAY:-play.py}" "$WORK" "$OPENSTACK" "$VIM"
STATUS=$?

end_process "$VIM" 15
VIM_STATUS=$?
VIM=''
if [ "$VIM_STATUS" != 143 ]; then
    echo "FAIL: nfv-vim ended with status $VIM_STATUS after SIGTERM, not with 143" >&2
    STATUS=1
fi
if grep -n 'panicked at' "$WORK/vim.out"; then
    echo "FAIL: nfv-vim panicked" >&2
    STATUS=1
fi
[ "$STATUS" = 0 ] || fail "not all passed"
GOOD=1
