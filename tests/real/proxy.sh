#!/bin/bash
# nova-api-proxy between the real openstack client and a real Nova and Keystone, with nfv-vim behind it.
#
#   tests/real/proxy.sh [DIR]
#
# The OpenStack, its directory and the variables are those of openstack.sh, which this runs with another play.
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${NFV_BIN_DIR:-$HERE/../../target/debug}
[ -x "$BIN/nova-api-proxy" ] || { echo "$0: no $BIN/nova-api-proxy: build first" >&2; exit 1; }
NFV_REAL_PLAY=play-proxy.py exec "$HERE/openstack.sh" "$@"
