#include "server/roles.h"

const char *const pk_role_choices[] = { "viewer", "responder", "policy", "privacy", "admin", NULL };

enum pk_role pk_role_chosen(int choice)
{
    static const enum pk_role roles[] = { PK_ROLE_VIEWER, PK_ROLE_RESPONDER, PK_ROLE_POLICY,
        PK_ROLE_PRIVACY, PK_ROLE_OWNER };

    return roles[choice];
}
