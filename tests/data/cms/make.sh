#!/bin/bash
# Makes the signatures of this folder anew, with keys that are thrown away. Run in this folder.
# The content of all of them is content.txt.
set -euo pipefail

keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
printf 'what is signed\n' >content.txt

cat >"$keys/ca.ext" <<'EXT'
basicConstraints=critical,CA:TRUE
subjectKeyIdentifier=hash
EXT
printf 'subjectKeyIdentifier=hash\nkeyUsage=critical,digitalSignature\n' >"$keys/leaf.ext"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$keys/root.key" -out "$keys/root.pem" -days 9000 \
    -subj '/C=XX/O=Picket tests/CN=Root' 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout "$keys/mid.key" -out "$keys/mid.csr" \
    -subj '/C=XX/O=Picket tests/CN=Middle' 2>/dev/null
openssl x509 -req -in "$keys/mid.csr" -CA "$keys/root.pem" -CAkey "$keys/root.key" -CAcreateserial \
    -days 9000 -extfile "$keys/ca.ext" -out "$keys/mid.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout "$keys/leaf.key" -out "$keys/leaf.csr" \
    -subj '/C=XX/O=Picket tests/CN=Leaf' 2>/dev/null
openssl x509 -req -in "$keys/leaf.csr" -CA "$keys/mid.pem" -CAkey "$keys/mid.key" -CAcreateserial \
    -days 9000 -extfile "$keys/leaf.ext" -out "$keys/leaf.pem" 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/ec.key" \
    -out "$keys/ec.pem" -days 9000 -subj '/CN=Elliptic' 2>/dev/null
cat "$keys/root.pem" "$keys/mid.pem" >"$keys/chain.pem"

sign() { # NAME OPTIONS...
    local name=$1
    shift
    openssl cms -sign -binary -in content.txt -outform DER -out "$name.p7" \
        -signer "$keys/leaf.pem" -inkey "$keys/leaf.key" -certfile "$keys/chain.pem" "$@"
}
sign attached -nodetach
sign detached
sign streamed -nodetach -stream
sign no-attributes -noattr
sign by-key-id -keyid
sign sha1 -md sha1
sign two-signers -signer "$keys/ec.pem" -inkey "$keys/ec.key"
sign no-certificates -nocerts
# The signer's certificate does not come first, and one of the certificates is nobody's.
sign foreign-first -certfile "$keys/ec.pem"
