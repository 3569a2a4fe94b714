#!/bin/bash
# Installs the Debian packages of the named groups (run, build, test, bench) that are missing.
#
#   tools/setup.sh GROUP...
#
# The list with reasons is tools/packages.txt. Works as root and through sudo; says what it does
# before it does it; when nothing is missing it asks dpkg once and ends. Services that come with
# a package are neither started nor enabled: the tests start their own.
# PICKET_SETUP=skip leaves the machine alone (the build then uses what is there).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/packages.txt
policy=/usr/sbin/policy-rc.d
policy_mark='picket set-up: no service starts while packages are installed'
lists_max_age_min=360 # package lists older than this are fetched again before installing

say() { printf 'set-up: %s\n' "$*"; }
die() {
    printf 'set-up: %s\n' "$1" >&2
    shift
    for line in "$@"; do
        printf '        %s\n' "$line" >&2
    done
    exit 1
}

# A node of 18 or newer with npm, wherever it comes from, is good enough to build the console.
have_node18() {
    local version
    command -v npm >/dev/null && version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge 18 ] 2>/dev/null
}

# Prints "PACKAGE TAG" of the groups named, conditions already answered.
wanted() {
    local node=0
    have_node18 && node=1
    awk -v groups=" $* " -v node="$node" '
        { sub(/#.*/, "") }
        NF >= 2 && index(groups, " " $1 " ") && !(node && $3 == "unless:node18") { print $2, $3 }
    ' "$list"
}

# Reads package names, prints those that dpkg does not call installed.
missing_of() {
    local names
    mapfile -t names
    [ ${#names[@]} -gt 0 ] || return 0
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${names[@]}" 2>/dev/null || true; } |
        awk -v names="${names[*]}" '
            $1 == "installed" { have[$2] = 1 }
            END {
                count = split(names, name, " ")
                for (i = 1; i <= count; i++) if (!(name[i] in have)) print name[i]
            }'
}

# Only for the time of the installation: refuses every service start. The administrator's own
# policy is put aside and comes back, also after an interrupted run.
policy_restore() {
    if grep -qs "$policy_mark" "$policy"; then
        rm -f "$policy"
    fi
    if [ -e "$policy.before-picket" ]; then
        mv -f "$policy.before-picket" "$policy"
    fi
}

policy_hold() {
    policy_restore
    trap policy_restore EXIT
    trap 'exit 130' INT TERM HUP
    if [ -e "$policy" ]; then
        mv "$policy" "$policy.before-picket"
    fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" >"$policy"
    chmod 755 "$policy"
}

# CrowdSec's package registers itself with a central service unless credentials are there already.
crowdsec_stay_local() {
    mkdir -p /etc/crowdsec
    if [ ! -s /etc/crowdsec/online_api_credentials.yaml ]; then
        echo '# no central API' >/etc/crowdsec/online_api_credentials.yaml
    fi
}

# The units of packages that we bring ourselves stay off at the next boot, too.
keep_quiet() {
    local package unit
    while read -r package unit; do
        unit=${unit#quiet:}
        case " $* " in
        *" $package "*)
            if command -v systemctl >/dev/null && systemctl is-enabled --quiet "$unit" 2>/dev/null; then
                systemctl disable --quiet "$unit" 2>/dev/null && say "$unit is installed but stays off"
            fi
            ;;
        esac
    done < <(awk '{ sub(/#.*/, "") } $3 ~ /^quiet:/ { print $2, $3 }' "$list")
    return 0
}

lists_are_fresh() {
    [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mmin "-$lists_max_age_min" -print -quit 2>/dev/null)" ]
}

# Runs as root.
install_packages() {
    local apt=(apt-get -o DPkg::Lock::Timeout=300 -q -y) still log

    export DEBIAN_FRONTEND=noninteractive
    policy_hold
    log=$(mktemp -t picket-set-up.XXXXXX)
    SECONDS=0
    if ! lists_are_fresh; then
        say "fetching the package lists (apt-get update)"
        "${apt[@]}" update >>"$log" 2>&1 || say "apt-get update had errors; going on with the lists that are there"
    fi
    case " $* " in *" crowdsec "*) crowdsec_stay_local ;; esac
    say "downloading and unpacking; the first time takes a minute or two"
    if ! "${apt[@]}" -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >>"$log" 2>&1; then
        tail -n 25 "$log" >&2
        die "apt-get could not install: $*" "Its last words stand above, all of them in $log"
    fi
    still=$(printf '%s\n' "$@" | missing_of)
    [ -z "$still" ] || die "still missing after the installation: ${still//$'\n'/ } (log: $log)"
    keep_quiet "$@"
    rm -f "$log"
    say "done in $SECONDS s"
}

if [ "${1:-}" = --install ]; then # the second half, reached as root only
    shift
    [ "$(id -u)" = 0 ] || die "--install needs root"
    install_packages "$@"
    exit 0
fi

[ $# -gt 0 ] || die "usage: tools/setup.sh GROUP...   (run build test bench)"
for group in "$@"; do
    case $group in
    run | build | test | bench) ;;
    *) die "no group '$group'; there are: run build test bench" ;;
    esac
done
if [ "${PICKET_SETUP:-}" = skip ]; then
    say "skipped (PICKET_SETUP=skip)"
    exit 0
fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this is not a Debian system (no dpkg-query and apt-get)." \
        "Picket is built and tested on Debian 12. Elsewhere install by hand what stands for:" \
        "$(wanted "$@" | awk '{ printf "%s ", $1 }')" \
        "and run make again with PICKET_SETUP=skip."
fi

packages=$(wanted "$@" | awk '{ print $1 }')
missing=$(printf '%s\n' "$packages" | missing_of)
if [ -z "$missing" ]; then
    say "all $(echo "$packages" | wc -l) packages for '$*' are there"
    exit 0
fi

. /etc/os-release
if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
    say "note: this is '${PRETTY_NAME:-unknown}'; Picket is built and tested on Debian 12"
fi
say "installs $(echo "$missing" | wc -l) Debian packages for '$*' (apt-get install --no-install-recommends):"
echo "$missing" | fmt -w 92 | sed 's/^/        /'
# shellcheck disable=SC2086  # a list of package names
if [ "$(id -u)" = 0 ]; then
    install_packages $missing
elif command -v sudo >/dev/null; then
    say "this needs root: asking sudo"
    sudo -- bash "$here/setup.sh" --install $missing || die "sudo did not get that done (see above)." \
        "As root: apt-get install --no-install-recommends ${missing//$'\n'/ }"
else
    die "this needs root, and there is no sudo. As root run:" \
        "apt-get install --no-install-recommends ${missing//$'\n'/ }"
fi
