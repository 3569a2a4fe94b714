# shellcheck shell=bash
# The network has a caching web proxy in the way (nginx): it adds Via and X-Cache, and drops what it likes.
start() { mkdir -p "$S/run/cache" "$S/run/cachetmp"; cat >"$S/run/cache.conf" <<N
daemon off; master_process off; pid $S/run/cache.pid; error_log $S/log/cache-error.log; worker_processes 1; user root;
events { worker_connections 64; }
http { access_log $S/log/cache.log; resolver $UPSTREAM ipv6=off; proxy_temp_path $S/run/cachetmp;
  client_body_temp_path $S/run/cachetmp/b; fastcgi_temp_path $S/run/cachetmp/f; uwsgi_temp_path $S/run/cachetmp/u; scgi_temp_path $S/run/cachetmp/s;
  proxy_cache_path $S/run/cache keys_zone=c:1m; gzip on; gzip_min_length 1; gzip_types *;
  server { listen 8082; location / { proxy_pass http://\$http_host\$request_uri; proxy_cache c;
    proxy_cache_valid 200 301 302 5m; proxy_ignore_headers Cache-Control Expires; proxy_hide_header Last-Modified;
    add_header Via "1.1 cache (nginx)" always; add_header X-Cache \$upstream_cache_status always; } } }
N
  sbg gw cache nginx -c "$S/run/cache.conf" -p "$S/run"; wait_port gw 127.0.0.1 8082; mark; redirect gw eth0 80 8082; }
stop() { unredirect gw; }
