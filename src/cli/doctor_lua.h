/* doctor_lua.h - the checks of `secvf doctor` about Lua scripts in tshark */
#ifndef SECVF_CLI_DOCTOR_LUA_H
#define SECVF_CLI_DOCTOR_LUA_H

#include "cli/doctor.h"

/** doctor_check_lua() - Whether tshark was built with Lua */
void doctor_check_lua(struct doctor *d, struct doctor_finding *f);

/** doctor_check_lua_scripts() - Whether all scripts load, those of the user and of the system */
void doctor_check_lua_scripts(struct doctor *d, struct doctor_finding *f);

#endif
