# shellcheck shell=bash
# As with a wrong clock: the certificates of all sites are not valid yet. Chains and names are right.
start() { local n i; for n in canary:canary.picket.test mail:mail.corp.test legacy:legacy.corp.test; do i=${n%%:*}
    (cd "$S/pki" && mkdir -p late && : >late/index.txt && openssl req -new -key "$i.key" -subj "/O=Picket Lab/CN=${n#*:}" -out late/csr &&
     printf '[ca]\ndefault_ca=d\n[d]\ndatabase=late/index.txt\nnew_certs_dir=late\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\nO=optional\nCN=supplied\n[x]\nsubjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "${n#*:}" >late/conf &&
     openssl ca -batch -notext -config late/conf -extensions x -cert int-a.pem -keyfile int-a.key -in late/csr -startdate 20380101000000Z -enddate 20380601000000Z -out "$i.pem" 2>/dev/null &&
     cat "$i.pem" int-a.pem >"$i.chain"); done
  ns web nginx -c "$S/run/nginx.conf" -p "$S/run" -s reload 2>/dev/null; mark
  ns sw ip link set p-victim down; sleep 1; ns sw ip link set p-victim up; victim_touch; }
stop() { :; }
