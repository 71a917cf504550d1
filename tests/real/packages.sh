#!/bin/bash
# The packages: built, checked by lintian and rpmlint, installed over the original's files, started from there, upgraded
# and removed; what is on the disk compared with packaging/packages.toml.
#
#   tests/real/packages.sh
#
# Everything is installed into a view of this machine in which writing goes to memory, with a network of its own.
# Programs are taken from target/debug (or NFV_BIN_DIR). For those that are not built stand-ins are packed, which end at
# once: that files lie where they should is seen by them, not that the programs run; which ones is said.
# Exit status: 0 passed, 1 failed, 77 skipped.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
ROOT=$PWD
PARTS=$ROOT/tests/real/packages
BIN=${NFV_BIN_DIR:-$ROOT/target/debug}
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "installing packages needs root"
command -v apt-get >/dev/null || skip "the tools that check packages are installed by apt-get, and there is none"
# shellcheck disable=SC1091
. tools/prerequisites
need_build_tools
for tool in lintian:lintian rpm:rpm rpmlint:rpmlint shellcheck:shellcheck logrotate:logrotate man:man-db dpkg-deb:dpkg unshare:util-linux; do
    command -v "${tool%%:*}" >/dev/null || install "${tool#*:}"
done
[ -x "$BIN/nfv-vim" ] || fail "no $BIN/nfv-vim: build first"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/nfv-packages.XXXXXX") || exit 1
GOOD=''
trap 'if [ -n "$GOOD" ]; then rm -rf "$WORK"; else echo "packages and logs are kept in $WORK" >&2; fi' EXIT
"$PARTS/in-a-copy" "$WORK/try" true || skip "no overlay file system can be mounted here"

echo "-- programs"
mkdir "$WORK/bin"
cargo build --quiet -p nfv-packaging || fail "nfv-package cannot be built"
for program in $(sed -n 's/.*program = "\([^"]*\)".*/\1/p' packaging/packages.toml | sort -u); do
    if [ -f "$BIN/$program" ]; then
        ln -s "$BIN/$program" "$WORK/bin/$program"
        continue
    fi
    echo "not built, a stand-in is packed: $program"
    case $program in
        *.so)
            soname=$(grep -o "${program%.so}\.so\.[0-9]*" packaging/packages.toml | sort | head -1)
            echo 'int nothing(void); int nothing(void) { return 0; }' |
                cc -shared -fPIC -Wl,--no-as-needed -Wl,-soname,"$soname" -x c - -o "$WORK/bin/$program" ;;
        *) echo 'int main(void) { return 0; }' | cc -pie -fPIE -x c - -o "$WORK/bin/$program" ;;
    esac || fail "no stand-in for $program"
done

echo "-- packing"
for release in 1 2; do
    tools/package --partial --fast --programs "$WORK/bin" --release $release --out "$WORK/$release" \
        >"$WORK/packed.$release" 2>"$WORK/left-out.$release" || { cat "$WORK/left-out.$release"; fail "tools/package failed"; }
done
sed 's/^/not there: /' "$WORK/left-out.1" | sort -u
find "$WORK/1" -name '*.deb' -o -name '*.rpm' | sed 's|.*/||' | sort | tr '\n' ' '; echo

echo "-- shellcheck"
shellcheck packaging/ocf/* packaging/init.d/* packaging/guest/* nova-api-proxy/scripts/api-proxy \
    guest-client/scripts/guest-client.systemd guest-client/scripts/sample_* || fail "shellcheck"

echo "-- lintian"
lintian --fail-on error --tag-display-limit 0 "$WORK"/1/deb/*.deb >"$WORK/lintian" 2>&1 || { grep '^E:' "$WORK/lintian"; fail "lintian"; }
echo "no errors, $(grep -c '^W:' "$WORK/lintian") warnings"

echo "-- rpmlint"
rpmlint -c packaging/rpmlint.toml "$WORK"/1/rpm/*.rpm >"$WORK/rpmlint" 2>&1
grep ': E: ' "$WORK/rpmlint" && fail "rpmlint"
tail -1 "$WORK/rpmlint"

cp packaging/etc/nfv/vim/config.ini "$WORK/site.ini"
for format in deb rpm; do
    target/debug/nfv-package --format $format --list >"$WORK/list.$format"
    echo "-- $format: installed over the original's, started, upgraded, removed"
    "$PARTS/in-a-copy" "$WORK/copy-$format" bash "$PARTS/inside" $format "$WORK" "$BIN" || fail "$format"
done
GOOD=1
