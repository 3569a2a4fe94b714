# shellcheck shell=bash
# A site publishes another text, and one of its pages another time stamp alone.
start() { cp "$S/www/blog/index.html" "$S/run/blog.bak"; mark; sleep 2
  sed -i 's#<p>#<p>News of today: it rains. #' "$S/www/blog/index.html"; touch "$S/www/probe/known.html"; }
stop() { cp "$S/run/blog.bak" "$S/www/blog/index.html"; }
