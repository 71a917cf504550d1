#!/bin/bash
# Nova's notifications through a real RabbitMQ (Debian's package), killed and started again under load.
#
#   tests/real/rabbitmq.sh
#
# The broker is a node of its own with a directory, ports and a user's name of its own, and is gone afterwards.
# Installing the package needs root; it is then left installed, and its own service is not started.
# Exit status: 0 passed, 1 failed, 77 skipped.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "$0: $*" >&2; exit 1; }

if ! command -v rabbitmq-server >/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "rabbitmq-server is not installed and cannot be"
    echo "Installing rabbitmq-server ..."
    POLICY=/usr/sbin/policy-rc.d
    if [ -e "$POLICY" ]; then POLICY=''; else printf '#!/bin/sh\nexit 101\n' >"$POLICY"; chmod +x "$POLICY"; fi
    installing() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server >/dev/null 2>&1; }
    installing || { apt-get update >/dev/null && installing; }
    STATUS=$?
    [ -z "$POLICY" ] || rm -f "$POLICY"
    [ $STATUS = 0 ] || skip "rabbitmq-server cannot be installed"
fi

WORK=$(mktemp -d "${TMPDIR:-/tmp}/nfv-rabbitmq.XXXXXX") || exit 1
# not the wrapper in /usr/sbin: it insists on the user rabbitmq
SERVER=$(ls /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server 2>/dev/null | head -1)
[ -x "$SERVER" ] || fail "no rabbitmq-server where Debian has it"
read -r PORT DISTRIBUTION EPMD < <(python3 -c 'import socket
held = [socket.socket() for _ in range(3)]
for one in held: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))') || fail "no free ports"

cat >"$WORK/broker" <<END
#!/bin/bash
# broker start | kill | port
export HOME=$WORK ERL_EPMD_PORT=$EPMD ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME=nfv-test@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$PORT
export RABBITMQ_DIST_PORT=$DISTRIBUTION RABBITMQ_MNESIA_BASE=$WORK/mnesia RABBITMQ_LOG_BASE=$WORK/log
export RABBITMQ_PID_FILE=$WORK/pid RABBITMQ_ENABLED_PLUGINS_FILE=$WORK/plugins RABBITMQ_CONFIG_FILE=$WORK/none
export RABBITMQ_CONF_ENV_FILE=$WORK/none
case \$1 in
    start)
        setsid "$SERVER" >>"$WORK/out" 2>&1 </dev/null &
        echo \$! >"$WORK/group" ;;
    kill)
        kill -KILL -- "-\$(cat "$WORK/group")" ;;
esac
END
chmod +x "$WORK/broker"
GOOD=''
cleanup() {
    trap '' INT TERM HUP
    "$WORK/broker" kill 2>/dev/null
    # its port mapper is a daemon outside of the group
    for pid in $(pgrep -x epmd); do
        if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "HOME=$WORK"; then kill "$pid"; fi
    done
    if [ -n "$GOOD" ]; then rm -rf "$WORK"; else echo "state and logs are kept in $WORK" >&2; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$WORK/broker" start
for ((left = 120; ; left--)); do
    grep -q 'completed with' "$WORK/out" 2>/dev/null && break
    [ $left -gt 0 ] || fail "the broker does not come up: $(tail -5 "$WORK/out")"
    sleep 0.5
done
echo "RabbitMQ $(basename "$(dirname "$(dirname "$SERVER")")" | sed 's/.*-//') on port $PORT"
NFV_AMQP_PORT=$PORT NFV_AMQP_CONTROL=$WORK/broker cargo test -q -p nfv-plugins --test amqp -- --nocapture --test-threads=1 ||
    fail "the tests failed"
GOOD=1
