/* scan_view_parts.h - the groups of facts of a scan's view. Only scan_view*.c files include this. */
#pragma once

#include "cli/scan_view.h"

#define PK_COLOR_OFF     "\033[0m"
#define PK_COLOR_BOLD    "\033[1m"
#define PK_COLOR_DIM     "\033[2m"
#define PK_COLOR_RED     "\033[1;31m"
#define PK_COLOR_GREEN   "\033[1;32m"
#define PK_COLOR_YELLOW  "\033[1;33m"
#define PK_COLOR_MAGENTA "\033[1;35m"

/* Nothing when the style has no colour. */
void pk_view_color(FILE *to, const struct pk_scan_style *style, const char *color);
/* An empty line and the name of a group. */
void pk_view_heading(FILE *to, const struct pk_scan_style *style, const char *text);
/* "  label         text", nothing when text is NULL or "". */
void pk_view_fact(FILE *to, const struct pk_scan_style *style, const char *label, const char *text);
/* The text behind lead (of width columns), broken at spaces to the terminal's width. */
void pk_view_wrapped(FILE *to, const struct pk_scan_style *style, const char *lead, size_t width,
        const char *text);

/* A JSON tree, indented. */
void pk_view_tree(FILE *to, const json_t *value);

/* What indicators have of it. */
void pk_view_hits(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_identity(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_signature(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_signature *signature);
void pk_view_apple(FILE *to, const struct pk_scan_style *style, const struct pk_app_apple *apple);
void pk_view_parts(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_permissions(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_components(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_code(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
/* Packers, trackers, libraries and hosts. */
void pk_view_content(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_plist(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
void pk_view_findings(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);
