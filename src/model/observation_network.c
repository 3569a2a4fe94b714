#include "model/observation_network.h"

#include "model/observation_schemas.h"

const char *const pk_link_names[] = { "unknown", "wifi", "wired", "cellular", "vpn", NULL };
const char *const pk_security_names[] = { "unknown", "open", "owe", "wep", "wpa", "wpa2", "wpa3",
    "eap", NULL };
const char *const pk_tls_outcome_names[] = { "ok", "untrusted", "expired", "wrong_name", "invalid",
    "pin", "failed", "unreachable", NULL };
const char *const pk_tls_trust_names[] = { "unknown", "public", "original", "installed", "allowed",
    "own", NULL };
const char *const pk_portal_state_names[] = { "unknown", "none", "captive", NULL };
const char *const pk_dns_via_names[] = { "none", "udp", "tcp", "dot", "doh", NULL };
const char *const pk_http_role_names[] = { "redirect", "content", NULL };
const char *const pk_proxy_source_names[] = { "none", "dhcp", "dns", "llmnr", "mdns", "netbios",
    "system", NULL };
const char *const pk_wifi_cipher_names[] = { "unknown", "none", "wep", "tkip", "ccmp", "gcmp",
    NULL };
const char *const pk_radio_names[] = { "unknown", "2g", "3g", "4g", "5g", NULL };
const char *const pk_cell_cipher_names[] = { "unknown", "null", "weak", "strong", NULL };
const char *const pk_cell_layer_names[] = { "none", "rrc", "nas", NULL };
const char *const pk_cell_identity_names[] = { "none", "temporary", "imsi", "imei", NULL };
const char *const pk_cell_source_names[] = { "modem", "rayhunter", "snoopsnitch", "capture", "sim",
    NULL };
const char *const pk_name_what_names[] = { "phishing", "control", "malware", "denied", NULL };
const char *const pk_name_did_names[] = { "blocked", "warned", "continued", NULL };
const char *const pk_name_by_names[] = { "list", "model", "policy", NULL };
static const char *const network_events[] = { "joined", "changed", "left", NULL };
static const char *const portal_vias[] = { "none", "api", "http", NULL };

#define AT(s, m) offsetof(struct s, m)
#define COLLECT  .privacy = PK_PRIVACY_COLLECT
#define MAC      .min = 17, .max = 17
#define ADDRESS  .min = 2, .max = 64
#define COUNT    .min = 0, .max = 1000000
#define URL      .min = 1, .max = 1024
#define PLACE    .min = 5, .max = 5

/* clang-format off */
static const struct pk_field network_fields[] = {
    { "event", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_network, event), .names = network_events,
      COLLECT, .help = "joined, changed or left" },
    { "link", PK_TYPE_ENUM, 0, AT(pk_obs_network, link), .names = pk_link_names, COLLECT,
      .help = "kind of link" },
    { "security", PK_TYPE_ENUM, 0, AT(pk_obs_network, security), .names = pk_security_names,
      COLLECT, .help = "how the Wi-Fi is protected" },
    { "name", PK_TYPE_STRING, 0, AT(pk_obs_network, name), .max = 64,
      .privacy = PK_PRIVACY_NEVER, .help = "name of the network, for your own eyes" },
    { "bssid", PK_TYPE_STRING, 0, AT(pk_obs_network, bssid), MAC, COLLECT,
      .help = "hardware address of the access point" },
    { "gateway", PK_TYPE_STRING, 0, AT(pk_obs_network, gateway), ADDRESS, COLLECT,
      .help = "address of the router" },
    { "gateway_mac", PK_TYPE_STRING, 0, AT(pk_obs_network, gateway_mac), MAC, COLLECT,
      .help = "hardware address of the router" },
    { "dns", PK_TYPE_STRINGS, 0, AT(pk_obs_network, dns), ADDRESS, .count_max = 8, COLLECT,
      .help = "name servers that the network handed out" },
    { "dhcp_server", PK_TYPE_STRING, 0, AT(pk_obs_network, dhcp_server), ADDRESS, COLLECT,
      .help = "who gave the address" },
    { "place", PK_TYPE_STRING, 0, AT(pk_obs_network, place), PLACE, COLLECT,
      .help = "coarse place, a square of about 5 km" },
    { "visits", PK_TYPE_INT, 0, AT(pk_obs_network, visits), COUNT, COLLECT,
      .help = "visits before this one on which all was well" },
    { "security_before", PK_TYPE_ENUM, 0, AT(pk_obs_network, security_before),
      .names = pk_security_names, COLLECT, .help = "the best protection that it had" },
    { "bssid_known", PK_TYPE_TRI, 0, AT(pk_obs_network, bssid_known), COLLECT,
      .help = "whether this access point was met before" },
    { "maker_known", PK_TYPE_TRI, 0, AT(pk_obs_network, maker_known), COLLECT,
      .help = "whether one of its maker was" },
    { "gateway_known", PK_TYPE_TRI, 0, AT(pk_obs_network, gateway_known), COLLECT,
      .help = "whether this router was met here before" },
    { "listed", PK_TYPE_TRI, 0, AT(pk_obs_network, listed), COLLECT,
      .help = "whether it is the organisation's own, by its list" },
};
const struct pk_schema pk_obs_network_schema = PK_SCHEMA(struct pk_obs_network, network_fields, "network");

static const struct pk_field gateway_fields[] = {
    { "address", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_gateway, address), ADDRESS, COLLECT,
      .help = "address of the router" },
    { "mac", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_gateway, mac), MAC, COLLECT,
      .help = "hardware address in use for it" },
    { "mac_before", PK_TYPE_STRING, 0, AT(pk_obs_gateway, mac_before), MAC, COLLECT,
      .help = "hardware address learnt when joining" },
    { "mac_rival", PK_TYPE_STRING, 0, AT(pk_obs_gateway, mac_rival), MAC, COLLECT,
      .help = "another hardware address that claims to be the router" },
    { "probes", PK_TYPE_INT, 0, AT(pk_obs_gateway, probes), COUNT, COLLECT,
      .help = "questions asked to the old holder" },
    { "old_answers", PK_TYPE_INT, 0, AT(pk_obs_gateway, old_answers), COUNT, COLLECT,
      .help = "answers of the old holder" },
    { "rival_claims", PK_TYPE_INT, 0, AT(pk_obs_gateway, rival_claims), COUNT, COLLECT,
      .help = "claims of the other one in 10 s" },
    { "unasked_claims", PK_TYPE_INT, 0, AT(pk_obs_gateway, unasked_claims), COUNT, COLLECT,
      .help = "of which nobody had asked for" },
    { "link_lost_ms", PK_TYPE_INT, 0, AT(pk_obs_gateway, link_lost_ms), .min = 0,
      .max = 86400000, COLLECT, .help = "how long the link was down before the change" },
    { "rival_asks", PK_TYPE_INT, 0, AT(pk_obs_gateway, rival_asks), COUNT, COLLECT,
      .help = "how often the other one asked for the router itself" },
    { "rival_also", PK_TYPE_STRINGS, 0, AT(pk_obs_gateway, rival_also), ADDRESS, .count_max = 8,
      COLLECT, .help = "other local addresses of the other one" },
    { "rival_known", PK_TYPE_TRI, 0, AT(pk_obs_gateway, rival_known), COLLECT,
      .help = "whether the other one was the router here before" },
    { "rival_answers", PK_TYPE_INT, 0, AT(pk_obs_gateway, rival_answers), COUNT, COLLECT,
      .help = "answers of the other hardware address" },
    { "pushed_claims", PK_TYPE_INT, 0, AT(pk_obs_gateway, pushed_claims), COUNT, COLLECT,
      .help = "claims told to everybody" },
    { "old_holds", PK_TYPE_TRI, 0, AT(pk_obs_gateway, old_holds), COLLECT,
      .help = "whether the known router answers under the address itself" },
    { "rival_holds", PK_TYPE_TRI, 0, AT(pk_obs_gateway, rival_holds), COLLECT,
      .help = "whether the other one does" },
};
const struct pk_schema pk_obs_gateway_schema = PK_SCHEMA(struct pk_obs_gateway, gateway_fields, "gateway");

static const struct pk_field dns_check_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_dns_check, name), .min = 1, .max = 253, COLLECT,
      .help = "the check host (never one that you visited)" },
    { "rcode", PK_TYPE_INT, PK_SPARSE, AT(pk_dns_check, rcode), .min = -1, .max = 4095, .def = "-1", COLLECT,
      .help = "the name server's answer code" },
    { "addresses", PK_TYPE_STRINGS, 0, AT(pk_dns_check, addresses), ADDRESS, .count_max = 8, COLLECT,
      .help = "addresses that it gave" },
    { "trusted_rcode", PK_TYPE_INT, PK_SPARSE, AT(pk_dns_check, trusted_rcode), .min = -1,
      .max = 4095, .def = "-1", COLLECT,
      .help = "the trusted resolver's answer code" },
    { "trusted_addresses", PK_TYPE_STRINGS, 0, AT(pk_dns_check, trusted_addresses), ADDRESS,
      .count_max = 8, COLLECT,
      .help = "addresses that the trusted resolver gave" },
    { "secure", PK_TYPE_TRI, 0, AT(pk_dns_check, secure), COLLECT,
      .help = "whether the trusted answer is signed" },
    { "proves", PK_TYPE_TRI, 0, AT(pk_dns_check, proves), COLLECT,
      .help = "whether the host there proved to be the right one" },
    { "second", PK_TYPE_STRINGS, 0, AT(pk_dns_check, second), ADDRESS, .count_max = 8, COLLECT,
      .help = "addresses of a second answer to the same question" },
    { "second_ms", PK_TYPE_INT, 0, AT(pk_dns_check, second_ms), .min = 0, .max = 60000, COLLECT,
      .help = "how long after the first it came" },
    { "split", PK_TYPE_BOOL, 0, AT(pk_dns_check, split), COLLECT,
      .help = "the name belongs to the organisation and differs inside" },
    { "on_link", PK_TYPE_BOOL, 0, AT(pk_dns_check, on_link), COLLECT,
      .help = "whether the answer leads to a neighbour on this network" },
    { "second_proves", PK_TYPE_TRI, 0, AT(pk_dns_check, second_proves), COLLECT,
      .help = "whether the host of the second answer proved to be the right one" },
    { "tcp_right", PK_TYPE_TRI, 0, AT(pk_dns_check, tcp_right), COLLECT,
      .help = "whether the same name server was right when asked in another way" },
    { "own", PK_TYPE_BOOL, 0, AT(pk_dns_check, own), COLLECT,
      .help = "the host is one of your organisation" },
    { "shown", PK_TYPE_STRING, 0, AT(pk_dns_check, shown), .max = 200, COLLECT,
      .help = "what a false host there showed instead" },
};
static const struct pk_schema dns_check_schema =
    PK_SCHEMA(struct pk_dns_check, dns_check_fields, "dns check");

static const struct pk_field dns_fields[] = {
    { "resolver", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_dns, resolver), ADDRESS, COLLECT,
      .help = "name server that was asked" },
    { "nx_probes", PK_TYPE_INT, 0, AT(pk_obs_dns, nx_probes), COUNT, COLLECT,
      .help = "made-up names that were asked for" },
    { "nx_answered", PK_TYPE_INT, 0, AT(pk_obs_dns, nx_answered), COUNT, COLLECT,
      .help = "of which got an address all the same" },
    { "nx_addresses", PK_TYPE_STRINGS, 0, AT(pk_obs_dns, nx_addresses), ADDRESS, .count_max = 4,
      COLLECT, .help = "which addresses" },
    { "trusted_nx", PK_TYPE_TRI, 0, AT(pk_obs_dns, trusted_nx), COLLECT,
      .help = "whether a trusted resolver says that the names do not exist" },
    { "timeouts", PK_TYPE_INT, 0, AT(pk_obs_dns, timeouts), COUNT, COLLECT,
      .help = "questions without an answer" },
    { "captive", PK_TYPE_TRI, 0, AT(pk_obs_dns, captive), COLLECT,
      .help = "whether a sign-in page held the device" },
    { "trusted_via", PK_TYPE_ENUM, 0, AT(pk_obs_dns, trusted_via), .names = pk_dns_via_names, COLLECT,
      .help = "how the trusted resolver was asked" },
    { "resolver_known", PK_TYPE_TRI, 0, AT(pk_obs_dns, resolver_known), COLLECT,
      .help = "whether this network gave this name server before" },
    { "checks", PK_TYPE_OBJECTS, 0, AT(pk_obs_dns, checks), .count_max = 16,
      .sub = &dns_check_schema, COLLECT, .help = "names of check hosts that were asked for" },
    { "on_link", PK_TYPE_TRI, 0, AT(pk_obs_dns, on_link), COLLECT,
      .help = "whether the name server is a neighbour on this network" },
    { "router", PK_TYPE_TRI, 0, AT(pk_obs_dns, router), COLLECT,
      .help = "whether the name server is the router" },
    { "contested", PK_TYPE_TRI, 0, AT(pk_obs_dns, contested), COLLECT,
      .help = "whether router or DHCP server are doubtful at that moment" },
    { "nat64", PK_TYPE_STRINGS, 0, AT(pk_obs_dns, nat64), ADDRESS, .count_max = 4, COLLECT,
      .help = "prefixes by which old addresses are written as new ones" },
    { "gone", PK_TYPE_BOOL, 0, AT(pk_obs_dns, gone), COLLECT,
      .help = "the network does not use this name server any more" },
};
const struct pk_schema pk_obs_dns_schema = PK_SCHEMA(struct pk_obs_dns, dns_fields, "dns");

static const struct pk_field certificate_fields[] = {
    { "subject", PK_TYPE_STRING, 0, AT(pk_certificate, subject), .max = 512, COLLECT,
      .help = "whom the certificate names" },
    { "issuer", PK_TYPE_STRING, 0, AT(pk_certificate, issuer), .max = 512, COLLECT,
      .help = "who signed it" },
    { "sha256", PK_TYPE_STRING, PK_REQUIRED, AT(pk_certificate, sha256), .min = 64, .max = 64,
      COLLECT, .help = "fingerprint of the certificate" },
    { "spki_sha256", PK_TYPE_STRING, 0, AT(pk_certificate, spki_sha256), .min = 64, .max = 64,
      COLLECT, .help = "fingerprint of its key" },
    { "not_before", PK_TYPE_TIME, 0, AT(pk_certificate, not_before_ms), COLLECT,
      .help = "valid from" },
    { "not_after", PK_TYPE_TIME, 0, AT(pk_certificate, not_after_ms), COLLECT,
      .help = "valid until" },
    { "pem", PK_TYPE_STRING, 0, AT(pk_certificate, pem), .max = 8192, COLLECT,
      .help = "the forged certificate itself, as evidence" },
};
static const struct pk_schema certificate_schema =
    PK_SCHEMA(struct pk_certificate, certificate_fields, "certificate");

static const struct pk_field tls_fields[] = {
    { "host", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_tls, host), .min = 1, .max = 253, COLLECT,
      .help = "the check host that was contacted (never one that you visited)" },
    { "port", PK_TYPE_INT, 0, AT(pk_obs_tls, port), .min = 1, .max = 65535, .def = "443", COLLECT,
      .help = "its port" },
    { "address", PK_TYPE_STRING, 0, AT(pk_obs_tls, address), ADDRESS, COLLECT,
      .help = "its address as this network names it" },
    { "outcome", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_tls, outcome), .names = pk_tls_outcome_names,
      COLLECT, .help = "whether the host proved its identity" },
    { "error", PK_TYPE_STRING, 0, AT(pk_obs_tls, error), .max = 200, COLLECT,
      .help = "what the check said" },
    { "version", PK_TYPE_STRING, 0, AT(pk_obs_tls, version), .max = 16, COLLECT,
      .help = "version of TLS" },
    { "chain", PK_TYPE_OBJECTS, 0, AT(pk_obs_tls, chain), .count_max = 8,
      .sub = &certificate_schema, COLLECT, .help = "certificates that were shown" },
    { "captive", PK_TYPE_TRI, 0, AT(pk_obs_tls, captive), COLLECT,
      .help = "whether a sign-in page held the device" },
    { "trust", PK_TYPE_ENUM, 0, AT(pk_obs_tls, trust), .names = pk_tls_trust_names, COLLECT,
      .help = "where the authority that vouched for it comes from" },
    { "root_sha256", PK_TYPE_STRING, 0, AT(pk_obs_tls, root_sha256), .min = 64, .max = 64, COLLECT,
      .help = "fingerprint of that authority" },
    { "root_known", PK_TYPE_TRI, 0, AT(pk_obs_tls, root_known), COLLECT,
      .help = "whether it vouched for this host before" },
    { "lookalike", PK_TYPE_STRING, 0, AT(pk_obs_tls, lookalike), .max = 512, COLLECT,
      .help = "real authority whose name a forged one uses" },
    { "version_before", PK_TYPE_STRING, 0, AT(pk_obs_tls, version_before), .max = 16, COLLECT,
      .help = "newest version of TLS that the host ever used with this device" },
    { "cipher", PK_TYPE_STRING, 0, AT(pk_obs_tls, cipher), .max = 64, COLLECT,
      .help = "cipher suite" },
    { "weak", PK_TYPE_TRI, 0, AT(pk_obs_tls, weak), COLLECT, .help = "whether it is a weak one" },
    { "fallback", PK_TYPE_TRI, 0, AT(pk_obs_tls, fallback), COLLECT,
      .help = "whether only an older kind of greeting went through" },
    { "own", PK_TYPE_BOOL, 0, AT(pk_obs_tls, own), COLLECT,
      .help = "the host is one of the organisation's own" },
};
const struct pk_schema pk_obs_tls_schema = PK_SCHEMA(struct pk_obs_tls, tls_fields, "tls");

static const struct pk_field portal_fields[] = {
    { "state", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_portal, state), .names = pk_portal_state_names,
      COLLECT, .help = "whether the network wants a sign-in first" },
    { "via", PK_TYPE_ENUM, 0, AT(pk_obs_portal, via), .names = portal_vias, COLLECT,
      .help = "how that was learnt" },
    { "host", PK_TYPE_STRING, 0, AT(pk_obs_portal, host), .max = 253, COLLECT,
      .help = "host of the sign-in page" },
    { "status", PK_TYPE_INT, 0, AT(pk_obs_portal, status), .min = 0, .max = 999, COLLECT,
      .help = "answer to the test page" },
};
const struct pk_schema pk_obs_portal_schema = PK_SCHEMA(struct pk_obs_portal, portal_fields, "portal");

static const struct pk_field offer_fields[] = {
    { "server", PK_TYPE_STRING, 0, AT(pk_lease_offer, server), ADDRESS, COLLECT,
      .help = "who offers" },
    { "server_mac", PK_TYPE_STRING, 0, AT(pk_lease_offer, server_mac), MAC, COLLECT,
      .help = "its hardware address" },
    { "router", PK_TYPE_STRING, 0, AT(pk_lease_offer, router), ADDRESS, COLLECT,
      .help = "the router that it names" },
    { "dns", PK_TYPE_STRINGS, 0, AT(pk_lease_offer, dns), ADDRESS, .count_max = 8, COLLECT,
      .help = "the name servers that it names" },
    { "wpad", PK_TYPE_STRING, 0, AT(pk_lease_offer, wpad), URL, COLLECT,
      .help = "the proxy script that it names" },
    { "known", PK_TYPE_TRI, 0, AT(pk_lease_offer, known), COLLECT,
      .help = "whether it gave addresses here before" },
};
static const struct pk_schema offer_schema =
    PK_SCHEMA(struct pk_lease_offer, offer_fields, "offer");

static const struct pk_field lease_fields[] = {
    { "server", PK_TYPE_STRING, 0, AT(pk_obs_lease, server), ADDRESS, COLLECT,
      .help = "who gave the address" },
    { "router", PK_TYPE_STRING, 0, AT(pk_obs_lease, router), ADDRESS, COLLECT,
      .help = "the router that it names" },
    { "dns", PK_TYPE_STRINGS, 0, AT(pk_obs_lease, dns), ADDRESS, .count_max = 8, COLLECT,
      .help = "the name servers that it names" },
    { "wpad", PK_TYPE_STRING, 0, AT(pk_obs_lease, wpad), URL, COLLECT,
      .help = "the proxy script that it names" },
    { "server_before", PK_TYPE_STRING, 0, AT(pk_obs_lease, server_before), ADDRESS, COLLECT,
      .help = "who gave it before" },
    { "router_before", PK_TYPE_STRING, 0, AT(pk_obs_lease, router_before), ADDRESS, COLLECT,
      .help = "the router before" },
    { "dns_before", PK_TYPE_STRINGS, 0, AT(pk_obs_lease, dns_before), ADDRESS, .count_max = 8, COLLECT,
      .help = "the name servers before" },
    { "wpad_before", PK_TYPE_STRING, 0, AT(pk_obs_lease, wpad_before), URL, COLLECT,
      .help = "the proxy script before" },
    { "server_known", PK_TYPE_TRI, 0, AT(pk_obs_lease, server_known), COLLECT,
      .help = "whether this server gave addresses here before" },
    { "server_is_router", PK_TYPE_TRI, 0, AT(pk_obs_lease, server_is_router), COLLECT,
      .help = "whether it is the router itself" },
    { "server_before_alive", PK_TYPE_TRI, 0, AT(pk_obs_lease, server_before_alive), COLLECT,
      .help = "whether the one before still answers" },
    { "router_before_alive", PK_TYPE_TRI, 0, AT(pk_obs_lease, router_before_alive), COLLECT,
      .help = "whether the router before still answers" },
    { "dns_on_link", PK_TYPE_TRI, 0, AT(pk_obs_lease, dns_on_link), COLLECT,
      .help = "whether a name server stands in this network and is not the router" },
    { "offers", PK_TYPE_OBJECTS, 0, AT(pk_obs_lease, offers), .count_max = 8, .sub = &offer_schema, COLLECT,
      .help = "all who offer addresses here" },
    { "asked", PK_TYPE_INT, 0, AT(pk_obs_lease, asked), COUNT, COLLECT,
      .help = "how often that was asked" },
    { "link_lost_ms", PK_TYPE_INT, 0, AT(pk_obs_lease, link_lost_ms), .min = 0, .max = 86400000, COLLECT,
      .help = "how long the link was down before the change" },
    { "sender_mac", PK_TYPE_STRING, 0, AT(pk_obs_lease, sender_mac), MAC, COLLECT,
      .help = "hardware address that sent it" },
    { "server_mac", PK_TYPE_STRING, 0, AT(pk_obs_lease, server_mac), MAC, COLLECT,
      .help = "hardware address of the server" },
    { "router_mac", PK_TYPE_STRING, 0, AT(pk_obs_lease, router_mac), MAC, COLLECT,
      .help = "hardware address of the router" },
    { "server_mac_before", PK_TYPE_STRING, 0, AT(pk_obs_lease, server_mac_before), MAC, COLLECT,
      .help = "hardware address of the server before" },
    { "router_mac_before", PK_TYPE_STRING, 0, AT(pk_obs_lease, router_mac_before), MAC, COLLECT,
      .help = "hardware address of the router before" },
};
const struct pk_schema pk_obs_lease_schema =
    PK_SCHEMA(struct pk_obs_lease, lease_fields, "lease");

static const struct pk_field router6_fields[] = {
    { "address", PK_TYPE_STRING, PK_REQUIRED, AT(pk_router6, address), ADDRESS, COLLECT,
      .help = "its address" },
    { "mac", PK_TYPE_STRING, 0, AT(pk_router6, mac), MAC, COLLECT,
      .help = "its hardware address" },
    { "preference", PK_TYPE_INT, 0, AT(pk_router6, preference), .min = -1, .max = 1, COLLECT,
      .help = "how much it wants to be preferred" },
    { "lifetime_s", PK_TYPE_INT, 0, AT(pk_router6, lifetime_s), .min = 0, .max = 65535, COLLECT,
      .help = "seconds that it wants to be the router" },
    { "prefixes", PK_TYPE_STRINGS, 0, AT(pk_router6, prefixes), .min = 2, .max = 64, .count_max = 8, COLLECT,
      .help = "address ranges that it announces" },
    { "dns", PK_TYPE_STRINGS, 0, AT(pk_router6, dns), ADDRESS, .count_max = 8, COLLECT,
      .help = "name servers that it announces" },
    { "known", PK_TYPE_TRI, 0, AT(pk_router6, known), COLLECT,
      .help = "whether it was met here before" },
    { "is_gateway", PK_TYPE_TRI, 0, AT(pk_router6, is_gateway), COLLECT,
      .help = "whether it is the same equipment as the other router" },
    { "answers", PK_TYPE_TRI, 0, AT(pk_router6, answers), COLLECT,
      .help = "whether it answers now" },
    { "age_s", PK_TYPE_INT, 0, AT(pk_router6, age_s), .min = 0, .max = 31536000, COLLECT,
      .help = "seconds since it was heard first" },
    { "frames", PK_TYPE_INT, 0, AT(pk_router6, frames), COUNT, COLLECT,
      .help = "announcements in the last minute" },
    { "odd", PK_TYPE_BOOL, 0, AT(pk_router6, odd), COLLECT,
      .help = "its announcements break the rules" },
};
static const struct pk_schema router6_schema =
    PK_SCHEMA(struct pk_router6, router6_fields, "router");

static const struct pk_field routers_fields[] = {
    { "routers", PK_TYPE_OBJECTS, 0, AT(pk_obs_routers, routers), .count_max = 8,
      .sub = &router6_schema, COLLECT,
      .help = "who says to be a router" },
    { "ipv6_before", PK_TYPE_TRI, 0, AT(pk_obs_routers, ipv6_before), COLLECT,
      .help = "whether this network had such routers before" },
    { "link_lost_ms", PK_TYPE_INT, 0, AT(pk_obs_routers, link_lost_ms), .min = 0, .max = 86400000, COLLECT,
      .help = "how long the link was down before the change" },
};
const struct pk_schema pk_obs_routers_schema =
    PK_SCHEMA(struct pk_obs_routers, routers_fields, "routers");

static const struct pk_field redirect_fields[] = {
    { "from", PK_TYPE_STRING, 0, AT(pk_obs_redirect, from), ADDRESS, COLLECT,
      .help = "who says so" },
    { "from_mac", PK_TYPE_STRING, 0, AT(pk_obs_redirect, from_mac), MAC, COLLECT,
      .help = "its hardware address" },
    { "target", PK_TYPE_STRING, 0, AT(pk_obs_redirect, target), ADDRESS, COLLECT,
      .help = "the other way" },
    { "target_mac", PK_TYPE_STRING, 0, AT(pk_obs_redirect, target_mac), MAC, COLLECT,
      .help = "its hardware address" },
    { "ipv6", PK_TYPE_BOOL, 0, AT(pk_obs_redirect, ipv6), COLLECT,
      .help = "over IPv6" },
    { "from_router", PK_TYPE_TRI, 0, AT(pk_obs_redirect, from_router), COLLECT,
      .help = "whether it is the router" },
    { "target_on_link", PK_TYPE_TRI, 0, AT(pk_obs_redirect, target_on_link), COLLECT,
      .help = "whether the other way lies in this network" },
    { "target_router", PK_TYPE_TRI, 0, AT(pk_obs_redirect, target_router), COLLECT,
      .help = "whether it is a router known here" },
    { "ours", PK_TYPE_TRI, 0, AT(pk_obs_redirect, ours), COLLECT,
      .help = "whether it answers something that this device sent" },
    { "count", PK_TYPE_INT, 0, AT(pk_obs_redirect, count), COUNT, COLLECT,
      .help = "how many in a minute" },
};
const struct pk_schema pk_obs_redirect_schema =
    PK_SCHEMA(struct pk_obs_redirect, redirect_fields, "redirect");

static const struct pk_field http_fields[] = {
    { "url", PK_TYPE_STRING, PK_REQUIRED, AT(pk_obs_http, url), URL, COLLECT,
      .help = "the check page (never one that you visited)" },
    { "role", PK_TYPE_ENUM, 0, AT(pk_obs_http, role), .names = pk_http_role_names, COLLECT,
      .help = "what is known of it" },
    { "status", PK_TYPE_INT, 0, AT(pk_obs_http, status), .min = 0, .max = 999, COLLECT,
      .help = "answer code" },
    { "location", PK_TYPE_STRING, 0, AT(pk_obs_http, location), .max = 300, COLLECT,
      .help = "where it sends to" },
    { "https_before", PK_TYPE_TRI, 0, AT(pk_obs_http, https_before), COLLECT,
      .help = "whether it always sends to the secure form" },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_obs_http, sha256), .min = 64, .max = 64, COLLECT,
      .help = "fingerprint of what came" },
    { "sha256_before", PK_TYPE_STRING, 0, AT(pk_obs_http, sha256_before), .min = 64, .max = 64, COLLECT,
      .help = "fingerprint of what should come" },
    { "length", PK_TYPE_INT, 0, AT(pk_obs_http, length), .min = 0, .max = 1099511627776.0, COLLECT,
      .help = "its size" },
    { "length_before", PK_TYPE_INT, 0, AT(pk_obs_http, length_before), .min = 0,
      .max = 1099511627776.0, COLLECT,
      .help = "the size it should have" },
    { "added", PK_TYPE_STRING, 0, AT(pk_obs_http, added), .max = 600, COLLECT,
      .help = "what was added to the check page" },
    { "added_hosts", PK_TYPE_STRINGS, 0, AT(pk_obs_http, added_hosts), .min = 1, .max = 253,
      .count_max = 8, COLLECT,
      .help = "hosts that this leads to" },
    { "headers", PK_TYPE_STRINGS, 0, AT(pk_obs_http, headers), .min = 1, .max = 64, .count_max = 16, COLLECT,
      .help = "headers that were added" },
    { "learnt_on", PK_TYPE_INT, 0, AT(pk_obs_http, learnt_on), COUNT, COLLECT,
      .help = "networks on which that was learnt" },
    { "captive", PK_TYPE_TRI, 0, AT(pk_obs_http, captive), COLLECT,
      .help = "whether a sign-in page held the device" },
};
const struct pk_schema pk_obs_http_schema =
    PK_SCHEMA(struct pk_obs_http, http_fields, "http");

static const struct pk_field proxy_fields[] = {
    { "source", PK_TYPE_ENUM, 0, AT(pk_obs_proxy, source), .names = pk_proxy_source_names, COLLECT,
      .help = "by which way the script was offered" },
    { "url", PK_TYPE_STRING, 0, AT(pk_obs_proxy, url), URL, COLLECT,
      .help = "its address" },
    { "server", PK_TYPE_STRING, 0, AT(pk_obs_proxy, server), ADDRESS, COLLECT,
      .help = "who offered it" },
    { "server_known", PK_TYPE_TRI, 0, AT(pk_obs_proxy, server_known), COLLECT,
      .help = "whether that is who always does here" },
    { "allowed", PK_TYPE_TRI, 0, AT(pk_obs_proxy, allowed), COLLECT,
      .help = "whether it is the organisation's own, by its list" },
    { "known", PK_TYPE_TRI, 0, AT(pk_obs_proxy, known), COLLECT,
      .help = "whether this network offered it before" },
    { "on_link", PK_TYPE_TRI, 0, AT(pk_obs_proxy, on_link), COLLECT,
      .help = "whether it comes from a neighbour in this network" },
    { "status", PK_TYPE_INT, 0, AT(pk_obs_proxy, status), .min = 0, .max = 999, COLLECT,
      .help = "answer code when it was read" },
    { "sha256", PK_TYPE_STRING, 0, AT(pk_obs_proxy, sha256), .min = 64, .max = 64, COLLECT,
      .help = "its fingerprint" },
    { "proxies", PK_TYPE_STRINGS, 0, AT(pk_obs_proxy, proxies), .min = 1, .max = 300, .count_max = 8, COLLECT,
      .help = "where it wants to lead traffic" },
    { "proxy_on_link", PK_TYPE_TRI, 0, AT(pk_obs_proxy, proxy_on_link), COLLECT,
      .help = "whether that is a neighbour in this network" },
    { "answers_all", PK_TYPE_TRI, 0, AT(pk_obs_proxy, answers_all), COLLECT,
      .help = "whether the one who offers it answers to made-up names, too" },
    { "captive", PK_TYPE_TRI, 0, AT(pk_obs_proxy, captive), COLLECT,
      .help = "whether a sign-in page held the device" },
};
const struct pk_schema pk_obs_proxy_schema =
    PK_SCHEMA(struct pk_obs_proxy, proxy_fields, "proxy");

static const struct pk_field wifi_point_fields[] = {
    { "network", PK_TYPE_STRING, 0, AT(pk_wifi_point, network), .min = 20, .max = 20,
      .privacy = PK_PRIVACY_BLIND,
      .help = "the network, as a keyed hash of its name" },
    { "bssid", PK_TYPE_STRING, PK_REQUIRED, AT(pk_wifi_point, bssid), MAC, COLLECT,
      .help = "hardware address of the access point" },
    { "connected", PK_TYPE_BOOL, 0, AT(pk_wifi_point, connected), COLLECT,
      .help = "the device is connected to it" },
    { "security", PK_TYPE_ENUM, 0, AT(pk_wifi_point, security), .names = pk_security_names, COLLECT,
      .help = "how it is protected" },
    { "cipher", PK_TYPE_ENUM, 0, AT(pk_wifi_point, cipher), .names = pk_wifi_cipher_names, COLLECT,
      .help = "its cipher" },
    { "freq_mhz", PK_TYPE_INT, 0, AT(pk_wifi_point, freq_mhz), .min = 0, .max = 100000, COLLECT,
      .help = "its frequency" },
    { "signal_dbm", PK_TYPE_INT, 0, AT(pk_wifi_point, signal_dbm), .min = -200, .max = 50, COLLECT,
      .help = "strength of its signal" },
    { "security_before", PK_TYPE_ENUM, 0, AT(pk_wifi_point, security_before),
      .names = pk_security_names, COLLECT,
      .help = "the best protection that the name had" },
    { "bssid_known", PK_TYPE_TRI, 0, AT(pk_wifi_point, bssid_known), COLLECT,
      .help = "whether it was met before" },
    { "maker_known", PK_TYPE_TRI, 0, AT(pk_wifi_point, maker_known), COLLECT,
      .help = "whether one of its maker was" },
    { "listed", PK_TYPE_TRI, 0, AT(pk_wifi_point, listed), COLLECT,
      .help = "whether it is the organisation's own, by its list" },
    { "mfp", PK_TYPE_TRI, 0, AT(pk_wifi_point, mfp), COLLECT,
      .help = "whether it protects its management frames" },
    { "doubled", PK_TYPE_BOOL, 0, AT(pk_wifi_point, doubled), COLLECT,
      .help = "the same hardware address is heard twice with other traits" },
};
static const struct pk_schema wifi_point_schema =
    PK_SCHEMA(struct pk_wifi_point, wifi_point_fields, "access point");

static const struct pk_field wifi_fields[] = {
    { "points", PK_TYPE_OBJECTS, 0, AT(pk_obs_wifi, points), .count_max = 16,
      .sub = &wifi_point_schema, COLLECT,
      .help = "access points that carry the name of a network that you use" },
    { "deauths", PK_TYPE_INT, 0, AT(pk_obs_wifi, deauths), COUNT, COLLECT,
      .help = "orders to disconnect that were heard" },
    { "deauth_targets", PK_TYPE_INT, 0, AT(pk_obs_wifi, deauth_targets), COUNT, COLLECT,
      .help = "to how many devices" },
    { "deauth_bssid", PK_TYPE_STRING, 0, AT(pk_obs_wifi, deauth_bssid), MAC, COLLECT,
      .help = "in whose name" },
    { "window_s", PK_TYPE_INT, 0, AT(pk_obs_wifi, window_s), .min = 0, .max = 86400, COLLECT,
      .help = "in so many seconds" },
};
const struct pk_schema pk_obs_wifi_schema =
    PK_SCHEMA(struct pk_obs_wifi, wifi_fields, "wifi");

static const struct pk_field cell_fields[] = {
    { "radio", PK_TYPE_ENUM, 0, AT(pk_obs_cell, radio), .names = pk_radio_names, COLLECT,
      .help = "generation of the mobile network" },
    { "plmn", PK_TYPE_STRING, 0, AT(pk_obs_cell, plmn), .min = 5, .max = 6, COLLECT,
      .help = "country and carrier of the mast" },
    { "area", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, area), .min = -1, .max = 68719476735.0,
      .def = "-1", COLLECT,
      .help = "its area" },
    { "cell", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, cell), .min = -1, .max = 68719476735.0,
      .def = "-1", COLLECT,
      .help = "its number" },
    { "pci", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, pci), .min = -1, .max = 68719476735.0,
      .def = "-1", COLLECT,
      .help = "its code on the air" },
    { "arfcn", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, arfcn), .min = -1, .max = 68719476735.0,
      .def = "-1", COLLECT,
      .help = "its channel" },
    { "signal_dbm", PK_TYPE_INT, 0, AT(pk_obs_cell, signal_dbm), .min = -200, .max = 50, COLLECT,
      .help = "strength of its signal" },
    { "neighbours", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, neighbours), .min = -1,
      .max = 68719476735.0, .def = "-1", COLLECT,
      .help = "other masts that it announces or that are heard" },
    { "cipher", PK_TYPE_ENUM, 0, AT(pk_obs_cell, cipher), .names = pk_cell_cipher_names, COLLECT,
      .help = "encryption of the connection" },
    { "integrity", PK_TYPE_ENUM, 0, AT(pk_obs_cell, integrity), .names = pk_cell_cipher_names, COLLECT,
      .help = "protection against change" },
    { "layer", PK_TYPE_ENUM, 0, AT(pk_obs_cell, layer), .names = pk_cell_layer_names, COLLECT,
      .help = "where encryption is missing" },
    { "place", PK_TYPE_STRING, 0, AT(pk_obs_cell, place), PLACE, COLLECT,
      .help = "coarse place, a square of about 5 km" },
    { "identity", PK_TYPE_ENUM, 0, AT(pk_obs_cell, identity), .names = pk_cell_identity_names, COLLECT,
      .help = "what it asked for (never the answer)" },
    { "authenticated", PK_TYPE_TRI, 0, AT(pk_obs_cell, authenticated), COLLECT,
      .help = "whether it proved to be of the carrier" },
    { "reject_cause", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, reject_cause), .min = -1, .max = 255,
      .def = "-1", COLLECT,
      .help = "why it refused the device" },
    { "redirect", PK_TYPE_ENUM, 0, AT(pk_obs_cell, redirect), .names = pk_radio_names, COLLECT,
      .help = "to which generation it sent the device away" },
    { "sib_downgrade", PK_TYPE_TRI, 0, AT(pk_obs_cell, sib_downgrade), COLLECT,
      .help = "whether it prefers older generations" },
    { "sib_incomplete", PK_TYPE_TRI, 0, AT(pk_obs_cell, sib_incomplete), COLLECT,
      .help = "whether its announcements are incomplete" },
    { "known", PK_TYPE_TRI, 0, AT(pk_obs_cell, known), COLLECT,
      .help = "whether others know this mast here" },
    { "area_known", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_cell, area_known), .min = -1,
      .max = 68719476735.0, .def = "-1", COLLECT,
      .help = "masts of its area that were seen here" },
    { "source", PK_TYPE_ENUM, 0, AT(pk_obs_cell, source), .names = pk_cell_source_names, COLLECT,
      .help = "what noticed it" },
    { "alarms", PK_TYPE_STRINGS, 0, AT(pk_obs_cell, alarms), .min = 1, .max = 120, .count_max = 16, COLLECT,
      .help = "what that called it" },
    { "frames", PK_TYPE_STRINGS, 0, AT(pk_obs_cell, frames), .min = 1, .max = 200, .count_max = 24, COLLECT,
      .help = "what the mast said, in words, without identities" },
};
const struct pk_schema pk_obs_cell_schema =
    PK_SCHEMA(struct pk_obs_cell, cell_fields, "cell");

static const struct pk_field name_fields[] = {
    { "what", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_obs_name, what), .names = pk_name_what_names, COLLECT,
      .help = "what kind of harmful site" },
    { "did", PK_TYPE_ENUM, 0, AT(pk_obs_name, did), .names = pk_name_did_names, COLLECT,
      .help = "what Picket did" },
    { "by", PK_TYPE_ENUM, 0, AT(pk_obs_name, by), .names = pk_name_by_names, COLLECT,
      .help = "how it was recognised" },
    { "source", PK_TYPE_STRING, 0, AT(pk_obs_name, source), .max = 128, COLLECT,
      .help = "list that names it" },
    { "family", PK_TYPE_STRING, 0, AT(pk_obs_name, family), .max = 128, COLLECT,
      .help = "campaign, or brand that it imitates" },
    { "date", PK_TYPE_STRING, 0, AT(pk_obs_name, date), .max = 10, COLLECT,
      .help = "date of the entry" },
    { "reference", PK_TYPE_STRING, 0, AT(pk_obs_name, reference), .max = 300, COLLECT,
      .help = "where the list explains it" },
    { "score", PK_TYPE_INT, PK_SPARSE, AT(pk_obs_name, score), .min = -1, .max = 100, .def = "-1", COLLECT,
      .help = "how harmful it looks, 0-100" },
    { "domain", PK_TYPE_STRING, 0, AT(pk_obs_name, domain), .max = 253, COLLECT,
      .help = "the harmful domain, only when the organisation asks for it" },
    { "seen", PK_TYPE_STRING, 0, AT(pk_obs_name, seen), .max = 253, .privacy = PK_PRIVACY_NEVER,
      .help = "the harmful domain, for your own eyes" },
    { "count", PK_TYPE_INT, 0, AT(pk_obs_name, count), COUNT, COLLECT,
      .help = "how often in an hour" },
    { "reasons", PK_TYPE_STRINGS, 0, AT(pk_obs_name, reasons), .min = 1, .max = 160, .count_max = 8, COLLECT,
      .help = "why it looks harmful" },
};
const struct pk_schema pk_obs_name_schema =
    PK_SCHEMA(struct pk_obs_name, name_fields, "name");
/* clang-format on */
