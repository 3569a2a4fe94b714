# bash completion for picket(1): commands, verbs, options and the words of options.

_picket_verbs() {
    case $1 in
    device) echo list show risk revoke export erase erasures keep ;;
    incident) echo list show dismiss reopen ;;
    network) echo list show devices map trust ;;
    crowd) echo status show explain map voice ;;
    enrollment | token) echo list create remove ;;
    user) echo add change codes disable enable list remove sign-out signin-link ;;
    audit) echo list ;;
    intel) echo import lookup show list export remove trust push ;;
    threat) echo list show ;;
    policy) echo check ;;
    rules) echo list show ;;
    names) echo score measure ;;
    model) echo list show score features ;;
    app) echo list show devices files upload diff except exceptions unexcept rules set-rules ;;
    esac
}

_picket_options() {
    local common='--url --ca --token --json --help'
    case "$1 $2" in
    'intel import') echo --set --json --verbose --replace --source --licence --reference --date --kind --category --help ;;
    'intel lookup') echo --set --json --kind --help ;;
    'intel list') echo --set --json --kind --source --family --category --limit --help ;;
    'intel export') echo --set --kind --source --family --format --out --help ;;
    'intel push') echo --set --json --url --ca --token --help ;;
    'intel '*) echo --set --json --help ;;
    'threat '* | 'rules show') echo --json --help ;;
    'names score') echo --json --help ;;
    'names measure') echo --harmful --harmless --labelled --hosts --json --help ;;
    'rules list') echo --attack --family --json --help ;;
    *' list') echo "$common --filter --sort --limit --all" ;;
    'device revoke' | 'incident dismiss' | 'incident reopen') echo "$common --reason" ;;
    'token create') echo "$common --role --ttl" ;;
    'enrollment create') echo "$common --label --group --uses --ttl" ;;
    'user signin-link') echo "$common --role" ;;
    'events '*) echo "$common --after --follow" ;;
    'policy '*) echo --json --help ;;
    'model score') echo --csv --model --label --part --train-part --train-csv --metrics --json --help ;;
    'app except') echo "$common --reason --ttl --sha256 --package --signer --team --threat --rule --device --group" ;;
    'crowd show') echo "$common --filter --sort --limit --all" ;;
    'crowd explain') echo "$common --network --bssid --place --mast --app --signer" ;;
    'network devices' | 'app devices' | 'app files' | 'app exceptions') echo "$common --filter --sort --limit --all" ;;
    'app diff') echo --json --force --intel --no-intel --lists --help ;;
    'app rules') echo check attributes --json --help ;;
    'model '*) echo --model --json --help ;;
    'scan '*) echo --json --min-sdk --max-sdk --stamp-cert --all --jobs --timeout --thorough --structure-only --yara --intel --no-intel --lists --report --color --help ;;
    'replay '*) echo --config --out --opinions --no-trust --preds --preds-from --preds-shipped --join-risk --risk-inputs --help ;;
    *) echo "$common" ;;
    esac
}

_picket_fields() {
    case $1 in
    app) echo verdict: package: signer: threat: installer: device: state: q: ;;
    device) echo status: platform: level: outlook: zone: group: q: ;;
    incident) echo state: severity: vector: threat: device: subject: q: ;;
    network) echo verdict: severity: listed: attacked: link: security: place: device: q: ;;
    crowd) echo kind: cause: network: place: q: ;;
    token) echo name: role: q: ;;
    enrollment) echo label: group: q: ;;
    audit) echo actor: act: target: q: ;;
    esac
}

_picket_sorts() {
    case $1 in
    app) echo verdict name package devices first_seen_at last_seen_at ;;
    device) echo name last_seen_at risk p7 enrolled_at ;;
    incident) echo updated_at opened_at severity ;;
    network) echo verdict last_seen_at first_seen_at last_bad_at devices ;;
    crowd) echo score since_at devices ;;
    token) echo created_at expires_at last_used_at name ;;
    enrollment) echo created_at expires_at label ;;
    audit) echo at ;;
    esac
}

_picket() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]:-} verb=${COMP_WORDS[2]:-} words=''

    COMPREPLY=()
    case $before in
    --role) words='viewer responder policy privacy owner' ;;
    --color) words='auto always never' ;;
    --model) words='android' ;;
    --part | --train-part) words='train validation' ;;
    --kind) words='md5 sha1 sha256 signer package domain ip url email file_name file_path process profile property tls_cert ja3' ;;
    --category) words='malware spyware stalkerware watchware banker ransomware dropper adware sms_fraud stealer remote_control rooting_tool riskware miner phishing scam exploit forensics trojan' ;;
    --format) words='csv stix' ;;
    --report) words='html sarif json' ;;
    --filter) words=$(_picket_fields "$command") ;;
    --sort) words=$(_picket_sorts "$command") ;;
    --ca | --set | --config | --out | --preds | --csv | --train-csv)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --min-sdk | --max-sdk | --stamp-cert | --jobs | --timeout) return ;;
    --url | --token | --reason | --label | --group | --uses | --ttl | --limit | --after) return ;;
    *)
        if [ "$COMP_CWORD" = 1 ]; then
            words='scan app device incident network crowd intel events enrollment token user audit health threat policy model replay --help --version'
        elif [[ $word == -* ]]; then
            words=$(_picket_options "$command" "$verb")
        elif [ "$COMP_CWORD" = 2 ] && [ -n "$(_picket_verbs "$command")" ]; then
            words=$(_picket_verbs "$command")
        elif [ "$command" = policy ] || [ "$command" = replay ] || [ "$command" = scan ] || [ "$command" = intel ] || [ "$command" = app ] || [ "$command $verb" = 'model features' ]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    # A filter's field goes on with its value.
    if [ "${#COMPREPLY[@]}" = 1 ] && [[ ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace
    fi
}

complete -F _picket picket
