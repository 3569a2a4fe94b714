/* headers.h - the security headers of every answer. */
#pragma once

struct pk_request;

/* For the console's pages and files. */
void pk_headers_of_page(struct pk_request *request);
/* For answers to programs: nothing of them may be shown as a page, kept or framed. */
void pk_headers_of_api(struct pk_request *request);
