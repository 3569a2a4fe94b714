# bash completion for picket(1), picketd(8), picket-agent(1) and picket-fleet(1). Commands, verbs and options are read
# from the programs' own --help, so that they are always those of the installed version; the words of options stand here.

# Options of a --help: those that begin a line of their own or stand in the usage.
_picket_options_in() {
    grep -E '^ *\[?--|^usage:|^ +picket' | grep -oE '(^|[^[:alnum:]-])--[a-z][a-z0-9-]*' | grep -oE -- '--.*' | sort -u
}

# Commands of `picket --help`, verbs of a command's: one a line after two spaces, or behind the command in the usage.
_picket_verbs_in() {
    sed -nE -e "s/^  ([a-z][a-z-]*)( .*|$)/\1/p" -e "s/^(usage:| {6}) picket $1 ([a-z][a-z-]*)( .*|$)/\2/p" |
        grep -vx 'picket' | sort -u
}

_picket_verbs() {
    case $1 in
    scan | replay) ;;
    'app rules') echo check attributes ;;
    'crowd exchange') "$2" crowd exchange --help 2>/dev/null | _picket_verbs_in "$1" ;;
    *' '*) ;;
    *) "$2" "$1" --help 2>/dev/null | _picket_verbs_in "$1" ;;
    esac
}

# Where one page of help serves several verbs, what each of them takes.
_picket_options() {
    local program=$3
    case "$1 $2" in
    'intel import') echo --set --json --verbose --replace --source --licence --reference --date --kind --category --help ;;
    'intel lookup') echo --set --json --kind --help ;;
    'intel list') echo --set --json --kind --source --family --category --limit --help ;;
    'intel export') echo --set --kind --source --family --format --out --help ;;
    'intel push') echo --set --json --url --ca --token --help ;;
    'intel '?*) echo --set --json --help ;;
    'names score') echo --json --help ;;
    'names measure') echo --harmful --harmless --labelled --hosts --json --help ;;
    'rules list') echo --attack --family --json --help ;;
    'rules show') echo --json --help ;;
    'model score') echo --csv --model --label --part --train-part --train-csv --metrics --json --help ;;
    'model '?*) echo --model --json --help ;;
    'app rules') echo --url --ca --token --json --help ;;
    'scan '* | 'replay '*) "$program" "$1" --help 2>/dev/null | _picket_options_in; echo --help ;;
    *) # shellcheck disable=SC2086
        "$program" $1 $2 --help 2>/dev/null | _picket_options_in; echo --help ;;
    esac
}

# What a list can be filtered by stands in its help.
_picket_fields() {
    # shellcheck disable=SC2086
    "$3" $1 $2 --help 2>/dev/null | sed -nE 's/.*filters: ([a-z0-9_ ]+)$/\1/p' | head -n 1 | tr ' ' '\n' | sed 's/$/:/'
}

_picket_sorts() {
    case "$1 $2" in
    'app list') echo verdict name package devices first_seen_at last_seen_at ;;
    'device list') echo name last_seen_at risk outlook p7 enrolled_at ;;
    'incident list') echo updated_at opened_at severity ;;
    'network list') echo verdict last_seen_at first_seen_at last_bad_at devices ;;
    'crowd show') echo score since_at devices ;;
    'token list') echo created_at expires_at last_used_at name ;;
    'enrollment list') echo created_at expires_at label ;;
    'audit list') echo at ;;
    esac
}

# The words of an option; 1: it has none that are known.
_picket_values() {
    local command=$2 verb=$3 program=$4
    case $1 in
    --role) echo viewer responder policy privacy owner ;;
    --color) echo auto always never ;;
    --model) echo android ;;
    --part | --train-part) echo train validation ;;
    --kind) echo md5 sha1 sha256 signer package domain ip url email file_name file_path process profile property tls_cert ja3 ;;
    --category) echo malware spyware stalkerware watchware banker ransomware dropper adware sms_fraud stealer remote_control rooting_tool riskware miner phishing scam exploit forensics trojan ;;
    --format) echo csv stix ;;
    --report) echo html sarif json ;;
    --language) echo en de es fr it ;;
    --every) echo daily weekly monthly ;;
    --filter) _picket_fields "$command" "$verb" "$program" ;;
    --sort) _picket_sorts "$command" "$verb" ;;
    *) return 1 ;;
    esac
}

_picket_reply() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
    # A filter's field goes on with its value.
    if [ "${#COMPREPLY[@]}" = 1 ] && [[ ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

_picket_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_picket() {
    local program=${1/#\~/$HOME} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]:-} verb=${COMP_WORDS[2]:-} words='' at=2

    COMPREPLY=()
    if [ "$COMP_CWORD" -gt 1 ] && words=$(_picket_values "$before" "$command" "$verb" "$program"); then
        _picket_reply "$words" "$word"
        return
    fi
    case $before in
    --ca | --set | --config | --out | --preds | --join-risk | --risk-inputs | --terms | --csv | --train-csv | --lists | --intel | --yara | --harmful | --harmless | --labelled)
        _picket_files "$word"
        return
        ;;
    --url | --token | --reason | --label | --group | --uses | --ttl | --limit | --after | --days | --minutes | --to | --title | --why | --step | --threat | --rule | --device | --subject | --package | --signer | --team | --sha256 | --network | --bssid | --place | --mast | --app | --min-sdk | --max-sdk | --stamp-cert | --jobs | --timeout | --attack | --family | --source | --licence | --reference | --date | --preds-from | --explain)
        return
        ;;
    esac
    if [ "$COMP_CWORD" = 1 ]; then
        words="$("$program" --help 2>/dev/null | _picket_verbs_in '') --help --version"
        _picket_reply "$words" "$word"
        return
    fi
    if [ "$command $verb" = 'crowd exchange' ] || [ "$command $verb" = 'app rules' ]; then
        command="$command $verb" verb=${COMP_WORDS[3]:-} at=3
    fi
    if [[ $word == -* ]]; then
        [[ $verb == -* ]] && verb=
        _picket_reply "$(_picket_options "$command" "$verb" "$program")" "$word"
    elif [ "$COMP_CWORD" = "$at" ] && words=$(_picket_verbs "$command" "$program") && [ -n "$words" ]; then
        _picket_reply "$words" "$word"
    else
        _picket_files "$word"
    fi
}

_picket_program() {
    local program=${1/#\~/$HOME} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    case $before in
    --config | --ca | --qr | --state | --acks | export)
        _picket_files "$word"
        return
        ;;
    --role)
        _picket_reply 'viewer responder policy privacy owner' "$word"
        return
        ;;
    names)
        _picket_reply 'on off status allow' "$word"
        return
        ;;
    network)
        _picket_reply 'check' "$word"
        return
        ;;
    places)
        _picket_reply 'forget' "$word"
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        _picket_reply "$("$program" --help 2>/dev/null | _picket_options_in)" "$word"
    elif [ "$COMP_CWORD" = 1 ] && [ "${program##*/}" = picket-agent ]; then
        _picket_reply "$("$program" --help 2>/dev/null | _picket_verbs_in '')" "$word"
    elif [ "$COMP_CWORD" = 1 ] && [ "${program##*/}" = picket-fleet ]; then
        _picket_reply "$("$program" --help 2>/dev/null | sed -nE 's/^  picket-fleet ([a-z]+) .*/\1/p')" "$word"
    fi
}

complete -F _picket picket
complete -F _picket_program picketd picket-agent picket-fleet
