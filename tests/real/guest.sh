#!/bin/bash
# Real guests: two VMs under QEMU (emulated, no KVM needed) with virtio-serial ports as libvirt names them, the static
# guest programs in them, the daemons of this project on two hosts, which are network namespaces.
#
#   tests/real/guest.sh [DIR]    DIR keeps what was made (default: a temporary directory)
#
# Needs root, Debian's qemu-system-x86, busybox-static and a cloud kernel (fetched when missing) and Rust's target
# x86_64-unknown-linux-musl. Ends with 77 when these cannot be had.
# First play.py with two guests, then one guest under a VIM (tests/tests/guest_stack) with the cloud of nfv-lab: the
# VM hangs, its client is killed, it refuses to move, it moves.
#
# Variables: NFV_BIN_DIR (programs of the hosts, default target/debug), NFV_GUEST_KERNEL (directory with a kernel
# package unpacked), NFV_GUEST_SCENARIOS (names of scenarios in play.py; default all, and the guest under a VIM).
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
BIN=${NFV_BIN_DIR:-$TARGET/debug}
. "$ROOT/tools/prerequisites"

skip() { echo "guest.sh: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || skip "not root"
unshare -n true 2>/dev/null || skip "no network namespaces"
command -v qemu-system-x86_64 >/dev/null || (install qemu-system-x86) || skip "no qemu-system-x86_64"
[ -x /bin/busybox ] || (install busybox-static) || skip "no busybox"
file -L /bin/busybox 2>/dev/null | grep -q 'statically\|static-pie' || ! ldd /bin/busybox >/dev/null 2>&1 ||
    (install busybox-static) || skip "busybox is not static"
need_build_tools

DIR=${1:-}
if [ -z "$DIR" ]; then
    DIR=$(mktemp -d /tmp/nfv-guest.XXXXXX)
    trap 'rm -rf "$DIR"' EXIT
fi
mkdir -p "$DIR"

# The kernel is unpacked, not installed.
KERNEL=${NFV_GUEST_KERNEL:-$TARGET/guest-kernel}
if ! ls "$KERNEL"/boot/vmlinuz-* >/dev/null 2>&1; then
    mkdir -p "$KERNEL"
    (
        cd "$KERNEL"
        package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *//p' | head -1)
        [ -n "$package" ] && apt-get download "$package" >/dev/null 2>&1 && dpkg-deb -x "$package"_*.deb . && rm -f ./*.deb
    ) || skip "no cloud kernel can be had"
fi

echo "building the guest programs"
if ! rustc --print target-libdir --target x86_64-unknown-linux-musl | xargs test -d; then
    rustup target add x86_64-unknown-linux-musl >/dev/null 2>&1 || skip "no Rust target x86_64-unknown-linux-musl"
fi
KERNEL_IMAGE=$(ls "$KERNEL"/boot/vmlinuz-* | tail -1)
HOSTS=(-p guest-agent -p guest-comm -p guest-scale -p guest-server -p nfv-lab -p nfv-vim)
cargo build --quiet --manifest-path "$ROOT/Cargo.toml" "${HOSTS[@]}" --bins
cargo build --quiet --manifest-path "$ROOT/Cargo.toml" --target x86_64-unknown-linux-musl \
    -p guest-client -p guest-comm -p guest-scale --bins
"$HERE/guest/initramfs" "$DIR/initramfs.gz" "$KERNEL" "$TARGET/x86_64-unknown-linux-musl/debug"

FAILED=0
echo "two guests on two hosts"
PYTHONDONTWRITEBYTECODE=1 python3 "$HERE/guest/play.py" --dir "$DIR" --bin "$BIN" --kernel "$KERNEL_IMAGE" \
    ${NFV_GUEST_SCENARIOS:+--scenarios "$NFV_GUEST_SCENARIOS"} || FAILED=1
if [ -z "${NFV_GUEST_SCENARIOS:-}" ]; then
    echo "a guest under nfv-vim, guestAgent and guestServer"
    NFV_BIN_DIR=$BIN NFV_GUEST_KERNEL_IMAGE=$KERNEL_IMAGE NFV_GUEST_INITRAMFS=$DIR/initramfs.gz \
        cargo test --quiet --manifest-path "$ROOT/Cargo.toml" -p nfv-tests --test guest_stack -- \
        --ignored --nocapture || FAILED=1
fi
exit $FAILED
