/* terms.h - the terms of the three scores (docs/crowd.md has each formula): one list, from which the weights'
 * names, the feature vectors and the sentences are made.
 *
 * X(name, sentence): {a} and {b} in a sentence are the reason's numbers, "" is never told. */
#pragma once

#include <stdint.h>

// clang-format off
#define PK_NETWORK_TERMS(X) \
    X(b, "") \
    X(L_oui, "The router's maker is unusual here") \
    X(L_dn, "DNS answers come from a server that is unusual here") \
    X(L_dh, "The DHCP server behaves in a way that is unusual here") \
    X(L_as, "The way into the internet is another one than usual here") \
    X(L_cp, "The sign-in page is unusual here") \
    X(L_se, "The protection is another one than usual here") \
    X(L_bo, "The access point's maker is unusual here") \
    X(sumpos, "Several traits are unusual at once") \
    X(knownB_newgm, "The router of this known access point changed to one never seen; the one before was met on about {a} visits") \
    X(knownB_newdn, "The name server of this known access point changed to one never seen here in about {a} visits") \
    X(knownB_newas, "This known access point leads into the internet another way than on about {a} visits") \
    X(newB_site, "Same name as a network known here from about {a} visits, but an access point never seen before") \
    X(newB_ssid, "Same name as a network known elsewhere, at a place where it was never seen") \
    X(newS, "A network name never seen before") \
    X(newS_open, "A network name never seen before, without protection") \
    X(odd_bo, "The access point is of a maker never seen under this name") \
    X(rs, "An unusually strong signal ({a} dBm)") \
    X(gwflip, "The router changed during the visit") \
    X(strip, "A page that must lead to https did not") \
    X(dnsmis, "The network's name server gave another answer than the trusted one") \
    X(t0, "{a} of {b} check hosts showed a forged certificate") \
    X(t0_nocp, "Forged certificates without a sign-in page that would explain them") \
    X(t0_known, "The forging key was seen on this network before") \
    X(t0_one, "One check host alone showed a forged certificate") \
    X(t0_multi_nocp, "One key stands in for several check hosts") \
    X(spki_bad, "The forging key was seen in other attacks") \
    X(gm_bad, "The router was seen in other attacks") \
    X(dn_bad, "The name server was seen in other attacks") \
    X(bs_bad, "The access point was seen in other attacks") \
    X(v2_new, "Inspected by an authority that somebody added to the device, with a key new here") \
    X(clean3, "All check hosts proved themselves") \
    X(many, "Many traits are unusual at once") \
    X(t0_cp_new, "Forged certificates beside a sign-in page that is new here") \
    X(strip_new, "A page that must lead to https did not, at an access point never seen before") \
    X(generic, "A name that many unrelated networks have") \
    X(mix, "Some check hosts are forged, others intact: no sign-in page does that") \
    X(wasclean, "Check hosts that are forged now were intact here on about {a} visits") \
    X(diffkeys, "A fresh key for each forged host") \
    X(same_ok, "The certificate of this place's own sign-in page, as usual") \
    X(newB_dh, "A new access point whose DHCP server behaves otherwise") \
    X(t0_newB, "Forged certificates at an access point never seen before") \
    X(novel, "") \
    X(newB_oddbo_as, "A new access point of another maker that leads into the internet another way") \
    X(newB_gwknown, "A new access point behind the router that is known here") \
    X(newB_gwnew, "A new access point, behind a router never seen here") \
    X(newB_fit, "A new access point, otherwise all as usual here ({a} of {b} traits)") \
    X(newB_alive, "The access points known here are still in use, last {a} minutes ago") \
    X(newB_busy, "A busy place: about {a} visits in six weeks") \
    X(newB_run, "{a} other devices met this new access point before") \
    X(newB_rs, "A new access point with an unusually strong signal ({a} dBm)") \
    X(knownB_fit, "All as on about {a} visits before") \
    X(flag_gm, "The router changed during the visit to one never seen here") \
    X(open_down, "The network was protected on about {a} visits, and is open now") \
    X(random_point, "An access point that makes up its address, as personal hotspots do") \
    X(moves, "A network that moves: seen in many places")

#define PK_MAST_TERMS(X) \
    X(b, "") \
    X(newci, "A mast never seen in this area") \
    X(newci_dense, "A mast never seen in an area known from about {a} visits") \
    X(lac_off, "Its area code is not used here") \
    X(rat2g, "2G, where phones are rarely served by it") \
    X(nn_low, "It announces {a} neighbours") \
    X(nn_zero, "It announces no neighbours") \
    X(null, "The connection is not encrypted") \
    X(strong, "An unusually strong signal ({a} dBm)") \
    X(f1, "It asked for the phone's identity") \
    X(f2, "It asked for the phone's identity and never proved itself") \
    X(newci_strong, "A new mast with an unusually strong signal ({a} dBm)") \
    X(newci_lacoff, "A new mast with an area code that is not used here") \
    X(newci_2g, "A new mast on 2G") \
    X(arf_off, "Its channel is not used here") \
    X(ci_age, "A mast known here for {a} days") \
    X(lac_age, "Many phones met this area code here by now") \
    X(ci_n, "Known from about {a} visits") \
    X(newci_nn, "A new mast with few neighbours") \
    X(newci_arf, "A new mast on a channel that is not used here") \
    X(newci_f2, "A new mast that asked for the identity and never proved itself") \
    X(ci_gap, "A mast from the range of this carrier's numbers here") \
    X(young_lacoff, "A young mast with an area code that is not used here") \
    X(young_nn, "A young mast with few neighbours") \
    X(young_strong, "A young mast with an unusually strong signal ({a} dBm)") \
    X(nncells, "Other masts here announce about {a} neighbours")

#define PK_APP_TERMS(X) \
    X(b, "") \
    X(sg_mis, "Signed by another key than about {a} other installations of this package") \
    X(sg_mis_pop, "A package that many have, signed by somebody else") \
    X(alt_ok, "The other signer signs many packages for many devices, as stores and makers do") \
    X(side, "Installed by hand or from a browser") \
    X(third, "From a store of a third party") \
    X(official, "From an official store") \
    X(risk, "Reading the file found risky traits ({a} of 100)") \
    X(risk2, "Reading the file found very risky traits ({a} of 100)") \
    X(hnew, "A file never seen before") \
    X(sgnew, "A signer never seen before") \
    X(side_risk, "Risky traits, and not from an official store") \
    X(sgsmall, "A signer that few devices know") \
    X(pmx, "{a} permissions more than other versions of the package") \
    X(inc_h, "Devices with this file were found compromised") \
    X(inc_sg, "Devices with apps of this signer were found compromised") \
    X(mis_risk, "Signed by another key, and risky traits") \
    X(sgrisk, "A signer of risky apps") \
    X(newpkg, "A package never seen before") \
    X(newpkg_side, "A package never seen before, installed by hand") \
    X(sg_multi, "A signer of {a} packages") \
    X(hyg, "The device takes apps from anywhere") \
    X(sgpoly, "One signer, ever new files of the same package") \
    X(vback, "An older version than others have, signed by another key") \
    X(pmx_risk, "More permissions than other versions, and risky traits") \
    X(debugkey, "A signer of many unrelated packages, few devices each") \
    X(rjump, "Riskier than other versions of the package by {a} of 100") \
    X(pmx_same, "More permissions than other versions by the same signer") \
    X(sgrisk_mean, "The signer's apps are risky on average ({a} of 100)")
// clang-format on

#define PK_TERM_ENUM_N(name, text) PK_N_##name,
#define PK_TERM_ENUM_C(name, text) PK_C_##name,
#define PK_TERM_ENUM_A(name, text) PK_A_##name,
enum pk_network_term {
    PK_NETWORK_TERMS(PK_TERM_ENUM_N) PK_N_COUNT
};
enum pk_mast_term {
    PK_MAST_TERMS(PK_TERM_ENUM_C) PK_C_COUNT
};
enum pk_app_term {
    PK_APP_TERMS(PK_TERM_ENUM_A) PK_A_COUNT
};

/* Reasons that are not terms of a score but of the crowd's memory. */
enum pk_crowd_term {
    PK_TERM_NETWORK = 0, /* + enum pk_network_term */
    PK_TERM_MAST = 100,
    PK_TERM_APP = 200,
    PK_TERM_WITNESSES = 300, /* a devices of b groups */
    PK_TERM_CLEAN,           /* a clean visits since */
    PK_TERM_HISTORY,         /* a clean visits before */
};

/* Weights and thresholds, in log-odds. */
struct pk_crowd_weights {
    float network[PK_N_COUNT];
    float mast[PK_C_COUNT];
    float app[PK_A_COUNT];
    float t[16]; /* enum pk_crowd_threshold */
};

enum pk_crowd_threshold {
    PK_T_PRE_POINT,
    PK_T_PRE_SITE,
    PK_T_POST_HARD,
    PK_T_ITEM_NETWORK,
    PK_T_CAMPAIGN,
    PK_T_PRE_MAST,
    PK_T_POST_MAST,
    PK_T_ITEM_MAST,
    PK_T_PRE_APP,
    PK_T_PRE_SIGNER,
    PK_T_POST_APP,
    PK_T_ITEM_APP,
    PK_T_POST_NOVEL,
};

extern const struct pk_crowd_weights pk_crowd_weights_shipped;
#define PK_TERMS_MAX 64 /* no score has more */
struct pk_crowd;
/* For training: the terms of each network, mast or app sighting go to terms[PK_TERMS_MAX] from now on, those that
 * its score lacks as 0. NULL: no more. */
void pk_crowd_tell_terms(struct pk_crowd *crowd, float *terms);

/* Reads lines "n_b -7.4" ("n_" network, "c_" mast, "a_" app, "t_0" thresholds); others and "#" are skipped. Terms
 * that the text does not name weigh nothing. false: a line is malformed. */
_Bool pk_crowd_weights_read(const char *text, struct pk_crowd_weights *out);
