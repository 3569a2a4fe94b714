# shellcheck shell=bash
# A resolver that blocks: nowhere for some names, "no such name" for others, among them a check page's host.
start() { gw_dns --address=/ads.tracker.test/0.0.0.0 --address=/blog.test/0.0.0.0 --address=/blog.test/:: --address=/cdn.test/; }
stop() { gw_dns; }
