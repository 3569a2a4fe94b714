# shellcheck shell=bash
# Unknown names below known sites lead to an ad server: the resolver spares all other kinds.
start() { gw_dns --address=/test/$AD_IP --server=/canary.picket.test/$UPSTREAM --server=/probe.picket.test/$UPSTREAM --server=/dns.picket.test/$UPSTREAM \
    --server=/corp.test/$UPSTREAM --server=/bank.test/$UPSTREAM --server=/cdn.test/$UPSTREAM --server=/blog.test/$UPSTREAM; }
stop() { gw_dns; }
