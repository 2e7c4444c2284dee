/* What people call a LAN. */
#include "cp/lan.h"

const char *lan_word(const struct lan_def *def)
{
	return def->vswitch ? "VSWITCH" : "LAN";
}
