#!/bin/bash
# The dashboard in a real Chromium, on a site of 10,000 instances: pages, live update, speed, login, accessibility.
#
#   tests/real/dashboard.sh
#
# Screenshots of each page at two sizes, light and dark, are left in target/dashboard. Figures are printed.
# Installing Chromium needs root; playwright-core and axe-core come from npm. Variables:
# NFV_BIN_DIR, NFV_DASHBOARD_PARTS (some of pages,speed,live,keys,faults,login).
# Exit status: 0 passed, 1 failed, 77 skipped.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
ROOT=$PWD
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }

if ! command -v chromium >/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "chromium is not installed and cannot be"
    echo "Installing chromium ..."
    installing() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium >/dev/null 2>&1; }
    installing || { apt-get update >/dev/null 2>&1 && installing; } || skip "chromium cannot be installed"
fi
command -v npm >/dev/null || skip "npm is not installed"

TOOLS=$ROOT/target/dashboard-tools
if [ ! -d "$TOOLS/node_modules/playwright-core" ] || [ ! -d "$TOOLS/node_modules/axe-core" ]; then
    mkdir -p "$TOOLS" && cp tests/real/dashboard/package.json "$TOOLS/" || fail "cannot write $TOOLS"
    (cd "$TOOLS" && npm install --no-audit --no-fund --ignore-scripts >/dev/null 2>&1) || skip "playwright-core and axe-core cannot be had"
fi

BIN=${NFV_BIN_DIR:-$ROOT/target/debug}
if [ -z "${NFV_BIN_DIR:-}" ]; then
    cargo build -q -p nfv-vim-webserver --bins --examples || fail "the build failed"
fi
[ -x "$BIN/examples/dashboard_site" ] || fail "no $BIN/examples/dashboard_site: build first"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/nfv-dashboard.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p target/dashboard
NFV_DASHBOARD_TOOLS=$TOOLS node tests/real/dashboard/play.mjs "$WORK" "$BIN" "$ROOT/target/dashboard"
