#!/bin/sh
# What the whole-system tests use beside Node: Python with pyzmq (programs that are not ours), iproute2 and
# nftables (machines with networks of their own, cut off from each other), util-linux (containers, other
# users), libfaketime (clocks that are wrong), strace (what a process asks of the system), stress-ng
# (a machine that is busy), PostgreSQL (the statements of docs/VERSIONS.md) and, beside it, Redis and NATS (what the
# benchmark compares with), Mosquitto and RabbitMQ (real MQTT brokers), paho (programs of it that are not ours), systemd (what tells it that a service is ready, and what judges unit files), zsh and fish (completion), curl and openssl (clients of
# the gateway, with certificates), Chromium (pages with live tables). What of these is a service is not started (policy-rc.d), and
# RabbitMQ not at the next boot either: the tests start servers of their own, at ports and in folders of their own. For Debian and Ubuntu, as root; does nothing where all is there. Before that, as whoever it is, the data layers of docs/DATA-LAYERS.md, by npm: they are
# large, and no dependency of this project.
set -eu
cd "$(dirname "$0")/.."

layers=node_modules/.cache/data-layers
if ! cmp -s test/layers/package-lock.json "$layers/installed.json"; then
    rm -rf "$layers"
    mkdir -p "$layers"
    cp test/layers/package.json test/layers/package-lock.json "$layers"
    (cd "$layers" && npm ci --ignore-scripts --no-audit --no-fund --silent)
    cp test/layers/package-lock.json "$layers/installed.json"
fi

rabbitmq=$(dpkg-query --show --showformat='${Status}' rabbitmq-server 2>/dev/null || true)
set -- python3 python3-zmq python3-paho-mqtt iproute2 nftables util-linux libfaketime strace stress-ng postgresql redis-server nats-server mosquitto rabbitmq-server systemd prometheus zsh fish curl openssl chromium

for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing=yes
done
[ "${missing:-no}" = yes ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "install-test-tools: run it as root, or install: $*" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
apt-get update -qq
apt-get install -qq --yes --no-install-recommends "$@" >/dev/null
case "$rabbitmq" in
*'ok installed') ;; # whose it is and what for is not ours to decide
*) systemctl disable --quiet rabbitmq-server epmd.socket epmd.service 2>/dev/null || true ;;
esac
