# shellcheck shell=bash
# The provider gives another prefix: the same router announces it instead of the old one.
start() { ns gw ip addr add fd78:0:0:1::1/64 dev eth0; mark
  GW_RA="--enable-ra --dhcp-range=fd78:0:0:1::,ra-only,64,10m --ra-param=eth0,10,600" gw_dns; }
