#!/bin/bash
# Starts Picket on this machine: the server on its embedded store, this machine's agent as the first
# device, and with --demo a simulated fleet. Ctrl-C stops all; the data stay for the next time.
#
#   tools/run.sh [--build DIR] [--demo]
#
# PICKET_PORT  port of the console and of the devices (default 8443; --demo: 8444)
# PICKET_VAR   folder of all state (default ./var; --demo: ./var-demo)
# PICKET_ADDRESS  address to listen on (default 127.0.0.1; 0.0.0.0 lets phones in)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build
demo=0
while [ $# -gt 0 ]; do
    case $1 in
    --build)
        build=$2
        shift
        ;;
    --demo) demo=1 ;;
    *)
        echo "usage: tools/run.sh [--build DIR] [--demo]" >&2
        exit 2
        ;;
    esac
    shift
done
bin=$(realpath "$build")/bin
if [ $demo = 1 ]; then
    port=${PICKET_PORT:-8444}
    var=$(realpath -m "${PICKET_VAR:-var-demo}")
else
    port=${PICKET_PORT:-8443}
    var=$(realpath -m "${PICKET_VAR:-var}")
fi
address=${PICKET_ADDRESS:-127.0.0.1}
url=https://localhost:$port
config=$var/picketd.yaml
agent_config=$var/agent.yaml
ready_max_s=30
stop_max_s=15
server='' agent='' fleet='' sleeper=''

say() { printf '%s\n' "$*"; }
die() {
    printf 'picket: %s\n' "$1" >&2
    shift
    [ $# = 0 ] || printf '        %s\n' "$@" >&2
    exit 1
}

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# TERM, a bounded wait, KILL.
end() {
    local pid=$1 name=$2 tenths=$((stop_max_s * 10))
    alive "$pid" || return 0
    kill -TERM "$pid" 2>/dev/null || true
    while alive "$pid" && [ $tenths -gt 0 ]; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
    if alive "$pid"; then
        say "picket: $name did not end within $stop_max_s s and is killed"
        kill -KILL "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || true
}

# The agent first, so that the server still takes what it has to say.
stop_all() {
    trap '' INT TERM HUP
    end "$sleeper" 'the clock'
    end "$fleet" 'the simulated fleet'
    end "$agent" 'the agent'
    end "$server" 'the server'
}

on_signal() {
    say ''
    say 'picket: stopping'
    stop_all
    say "picket: stopped; the data are in $var"
    trap - EXIT
    exit 0
}

failed() {
    local name=$1 log=$2
    printf 'picket: %s ended by itself. The end of %s:\n' "$name" "$log" >&2
    tail -n 20 "$log" >&2 || true
    exit 1
}

check_port() {
    local user
    [ -n "$(ss -Hltn "sport = :$port" 2>/dev/null)" ] || return 0
    user=$(ss -Hltnp "sport = :$port" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (pid \2)/p' | head -n 1)
    die "port $port is taken$user." \
        "Stop that program, or choose another port: PICKET_PORT=$((port + 1000)) make run"
}

write_config() {
    local names
    if [ -f "$config" ]; then
        # The file belongs to its owner; only what was asked for on the command line changes.
        if [ -n "${PICKET_PORT:-}" ]; then
            sed -i "s/^\( *port:\) *[0-9]*/\1 $port/" "$config"
        fi
        port=$(sed -n 's/^ *port: *\([0-9]*\).*/\1/p' "$config" | head -n 1)
        url=https://localhost:$port
        return 0
    fi
    if [ "$address" = 127.0.0.1 ]; then
        names='[localhost, "127.0.0.1"]'
    else # the first name goes into links and QR codes: phones know addresses, not our host name
        names="[\"$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')\", localhost]"
        names=${names/'"", '/}
    fi
    cat >"$config" <<CONFIG
# picketd's settings, written by the first "make run". Edit freely: they are kept.
# picketd --check-config --config FILE explains each.
state_dir: "$var/server"
console_dir: "$(realpath "$build")/console"
listen:
  address: "$address" # 0.0.0.0 lets phones of this network in
  port: $port
names: $names
CONFIG
    if [ $demo = 1 ]; then
        printf '%s\n' 'demo: true # the console says that its fleet is simulated' "policy: \"$var/policy.yaml\"" >>"$config"
        cat data/policy/default.yaml - >"$var/policy.yaml" <<'POLICY'

# The simulated fleet's own networks.
trust:
  networks:
    - {name: corp-berlin, security: eap}
    - {name: corp-lyon, security: eap}
    - {name: corp-porto, security: eap}
  split_zones: [corp.example]
POLICY
    fi
}

# Asks /readyz, trusting the server's own CA only, until it says 200.
wait_ready() {
    python3 - "$url/readyz" "$var/server/ca.pem" "$server" $ready_max_s <<'PYTHON'
import os, ssl, sys, time, urllib.request
url, ca, pid, limit = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
end, last = time.monotonic() + limit, "no answer"
while time.monotonic() < end:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        sys.exit(2)
    try:
        context = ssl.create_default_context(cafile=ca)
        with urllib.request.urlopen(url, context=context, timeout=2) as answer:
            if answer.status == 200:
                sys.exit(0)
    except (OSError, ValueError) as error:
        last = str(error)
    time.sleep(0.1)
print(f"picket: {url} did not become ready within {limit:.0f} s: {last}", file=sys.stderr)
sys.exit(1)
PYTHON
}

start_server() {
    "$bin/picketd" --config "$config" >>"$var/log/picketd.log" 2>&1 9>&- &
    server=$!
    if ! wait_ready; then
        alive "$server" || failed 'the server' "$var/log/picketd.log"
        die "the server is up but not ready; see $var/log/picketd.log"
    fi
}

enrol_agent() {
    local link
    if [ ! -f "$agent_config" ]; then
        printf '# Settings of this machine'\''s agent, written by the first "make run".\nstate_dir: "%s/agent"\n' \
            "$var" >"$agent_config"
    fi
    if [ -e "$var/agent/device.pem" ]; then
        return 0
    fi
    # The link carries address, one-time token and the fingerprint of the server's CA.
    link=$("$bin/picketd" --config "$config" --issue-enrollment --label "$(hostname 2>/dev/null || uname -n)" 2>>"$var/log/picketd.log") ||
        die "no enrolment token; see $var/log/picketd.log"
    "$bin/picket-agent" enroll "$link" --config "$agent_config" >>"$var/log/agent.log" 2>&1 ||
        failed 'the enrolment of this machine' "$var/log/agent.log"
    say 'picket: this machine is enrolled as the first device'
}

# 200 phones; their keys stay in fleet.json, so that the next demonstration is the same fleet.
start_fleet() {
    local link uses=200
    [ ! -f "$var/fleet.json" ] || uses=1
    link=$("$bin/picketd" --config "$config" --issue-enrollment --label 'simulated fleet' --uses $uses --ttl 300 \
        2>>"$var/log/picketd.log") || die "no enrolment token; see $var/log/picketd.log"
    "$bin/picket-fleet" demo --url "$link" --state "$var/fleet.json" >>"$var/log/fleet.log" 2>&1 9>&- &
    fleet=$!
}

banner() {
    local link
    link=$("$bin/picketd" --config "$config" --signin-link 2>>"$var/log/picketd.log") ||
        die "no sign-in link; see $var/log/picketd.log"
    if [ $demo = 1 ]; then
        say ''
        say '  DEMO: the fleet is simulated. Nothing shown here happened to a real phone.'
    fi
    say ''
    say "  Logs           $var/log"
    say "  Stop           Ctrl-C (the data stay in $var)"
    say "  Certificate    made by this server's own CA ($var/server/ca.pem); the browser asks once"
    say "  Console        $url/"
    say "  Sign in        $link"
    say '                 (works once; the next start prints another)'
}

for program in picketd picket-agent; do
    [ -x "$bin/$program" ] || die "'$bin/$program' is not built; run: make build"
done
umask 077
mkdir -p "$var/server" "$var/agent" "$var/log"
exec 9>"$var/run.lock"
flock -n 9 || die "Picket runs already from '$var'." "Stop it there with Ctrl-C, or use another folder: PICKET_VAR=DIR PICKET_PORT=N make run"

trap stop_all EXIT
trap on_signal INT TERM HUP
write_config
check_port
start_server
enrol_agent
"$bin/picket-agent" run --config "$agent_config" 2>>"$var/log/agent.log" 9>&- &
agent=$!
if [ $demo = 1 ]; then
    start_fleet
fi
banner

# Whichever ends first ends the whole, but the simulated week simply ends after its two minutes.
while true; do
    alive "$server" || failed 'the server' "$var/log/picketd.log"
    alive "$agent" || failed 'the agent' "$var/log/agent.log"
    sleep 1 9>&- & # in the background, so that a signal is heard at once
    sleeper=$!
    wait $sleeper || true
done
