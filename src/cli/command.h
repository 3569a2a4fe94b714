/* command.h - the commands of `picket`: one file each, one row each in main.c. */
#pragma once

/* Exit status of every command (the same for all programs). */
enum pk_exit {
    PK_EXIT_FINE = 0,
    PK_EXIT_NEWS = 1,   /* it worked, and found something bad */
    PK_EXIT_USAGE = 2,  /* the call was wrong */
    PK_EXIT_FAILED = 3, /* it could not be done */
};

struct pk_command {
    const char *name;
    /* argv[0] is the command's own name. Gives an enum pk_exit. */
    int (*run)(int argc, char **argv);
    const char *what; /* one line for --help */
};

int pk_cmd_app(int argc, char **argv);
int pk_cmd_audit(int argc, char **argv);
int pk_cmd_channel(int argc, char **argv);
int pk_cmd_communication(int argc, char **argv);
int pk_cmd_report(int argc, char **argv);
int pk_cmd_crowd(int argc, char **argv);
int pk_cmd_device(int argc, char **argv);
int pk_cmd_enrollment(int argc, char **argv);
int pk_cmd_events(int argc, char **argv);
int pk_cmd_health(int argc, char **argv);
int pk_cmd_intel(int argc, char **argv);
int pk_cmd_names(int argc, char **argv);
int pk_cmd_network(int argc, char **argv);
int pk_cmd_incident(int argc, char **argv);
int pk_cmd_mistake(int argc, char **argv);
int pk_cmd_text(int argc, char **argv);
int pk_cmd_threat(int argc, char **argv);
int pk_cmd_token(int argc, char **argv);
int pk_cmd_user(int argc, char **argv);
int pk_cmd_rules(int argc, char **argv);
int pk_cmd_replay(int argc, char **argv);
int pk_cmd_scan(int argc, char **argv);
int pk_cmd_policy(int argc, char **argv);
int pk_cmd_model(int argc, char **argv);
