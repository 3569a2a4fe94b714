/* yara_rules.h - YARA (libyara 4) behind byte_rules.h. Linked only into picket-scan-yara. */
#pragma once

#include "scan/byte_rules.h"

/* Compiles rule files and folders of *.yar and *.yara, in which each file is a namespace, and writes the result to
 * out_fd. What is wrong goes to standard error as "file:line: text". Modules that ask the system (magic, cuckoo, time)
 * are refused: nothing answers in the sandbox. PK_EINVAL. */
PK_MUST_USE int pk_yara_compile(char *const *paths, int out_fd);

/* Loads what pk_yara_compile() wrote. Called once, before the sandbox. PK_EMALF, PK_ENOMEM. */
PK_MUST_USE int pk_yara_load(int fd, const struct pk_byte_rules **out);
