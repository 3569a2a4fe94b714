/* crowd_exchange.h - the verbs of `picket crowd exchange`. */
#pragma once

/* argv[0] is "exchange". Gives an enum pk_exit. */
int pk_cmd_crowd_exchange(int argc, char **argv);
