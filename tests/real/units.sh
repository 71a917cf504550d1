#!/bin/bash
# A newcomer's machine: a copy of this one boots its own systemd, packages are installed as docs/install.md says, started
# by their units, looked at, killed, hung, reloaded, stopped and removed, by the commands as they stand in docs.
#
#   tests/real/units.sh
#
# What is written goes to memory. Programs are taken from target/debug (or NFV_BIN_DIR).
# Exit status: 0 passed, 1 failed, 77 skipped.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
PARTS=$PWD/tests/real/units
BIN=${NFV_BIN_DIR:-$PWD/target/debug}
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "a machine is booted by root only"
command -v apt-get >/dev/null || skip "the packages are installed by apt-get, and there is none"
# shellcheck disable=SC1091
. tools/prerequisites
need_build_tools
for tool in systemd-nspawn:systemd-container rsyslogd:rsyslog logrotate:logrotate start-stop-daemon:dpkg; do
    command -v "${tool%%:*}" >/dev/null || install "${tool#*:}"
done
[ -x /sbin/init ] || install systemd-sysv
for program in nfv-vim nfv-vim-api nfv-vim-webserver nfv-vim-manage nfv-forensic nfv-histogram nfv-notify sw-manager \
    guestAgent guestServer host_agent; do
    [ -x "$BIN/$program" ] || fail "no $BIN/$program: build first"
done

WORK=$(mktemp -d "${TMPDIR:-/tmp}/nfv-units.XXXXXX") || exit 1
GOOD=''
end() {
    [ -z "${MACHINE:-}" ] || { kill "$MACHINE" && wait "$MACHINE"; } 2>/dev/null
    umount "$WORK/memory/root" "$WORK/memory" 2>/dev/null
    if [ -n "$GOOD" ]; then rm -rf "$WORK"; else echo "packages and logs are kept in $WORK" >&2; fi
}
trap end EXIT
trap 'exit 143' TERM HUP
trap 'exit 130' INT

echo "-- packing"
mkdir -p "$WORK/machine/target/packages"
tools/package --partial --fast --deb --programs "$BIN" --out "$WORK/machine/target/packages" nfv-common nfv-plugins nfv-vim \
    nfv-tools nfv-client mtce-guest-agent mtce-guest-server host-guest-comm >"$WORK/packing" 2>&1 ||
    { cat "$WORK/packing"; fail "tools/package failed"; }
cp -r docs "$WORK/machine"
cp "$PARTS/inside" "$WORK/machine"

mkdir "$WORK/memory" && mount -t tmpfs tmpfs "$WORK/memory" && mkdir "$WORK/memory"/{upper,work,root} &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/memory/upper,workdir=$WORK/memory/work" "$WORK/memory/root" ||
    skip "no overlay file system can be mounted here"
rm -rf "$WORK"/memory/root/{etc/nfv,etc/proxy,etc/mtc,var/lib/vim,run/nfv*}
# the machine's own services do not matter here
cat >"$WORK/memory/root/etc/systemd/system/nfv-check.service" <<'END'
[Unit]
Requires=basic.target
After=basic.target
[Service]
Type=oneshot
WorkingDirectory=/machine
ExecStart=/bin/bash /machine/inside
ExecStopPost=/bin/sh -c 'echo $EXIT_STATUS >/machine/status; systemctl poweroff --no-block'
StandardOutput=append:/machine/said
StandardError=append:/machine/said
END
echo "-- a machine boots"
timeout 600 systemd-nspawn --quiet --directory="$WORK/memory/root" --machine="nfv-units-$$" --register=no --keep-unit \
    --private-network --bind="$WORK/machine:/machine" --boot systemd.unit=nfv-check.service >"$WORK/boot" 2>&1 </dev/null &
MACHINE=$!
wait "$MACHINE"
MACHINE=''
cat "$WORK/machine/said" 2>/dev/null || { tail -5 "$WORK/boot"; skip "no machine can be booted here"; }
[ "$(cat "$WORK/machine/status" 2>/dev/null)" = 0 ] || fail "the machine's check failed"
GOOD=1
echo passed
