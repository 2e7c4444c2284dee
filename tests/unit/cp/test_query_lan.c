/* QUERY LAN and VSWITCH: what is shown, and to whom. */
#include "tests/unit/cp/front.h"

#include "cp/lan.h"

/* SYSTEM's LABNET, aware, with an uplink, a NIC of ALPHA's and one of BETA's, whom it
 * grants a trunk; ports 1, 2 and 3. */
static struct lan *labnet(struct front *f)
{
	struct lan_grant beta = {
		.userid = "BETA", .trunk = true, .vlans = "10-12", .promiscuous = true
	};
	struct lan *lan = twin_system_lan(&f->cp, "LABNET");
	static const char *const users[] = { "ALPHA", "BETA" };

	lan->def.aware = true;
	lan->def.native = 1;
	lan->def.grant[lan->def.n_grants++] = beta;
	twin_member(lan, "", 0);
	for (size_t i = 0; i < 2; i++) {
		struct partition *p = twin_partition(&f->cp, users[i]);

		p->dev[p->n_dev++] = (struct part_dev) { .vdev = 0x600,
			.type = PART_DEV_NIC,
			.mac = { 2, 0, 0, 0, 1, (uint8_t)i } };
		twin_member(lan, users[i], 0x600);
	}
	return lan;
}

static struct ear *operator(struct front *f)
{
	return ear_create(f, "MAINT", "B");
}

static void test_summary(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan;

	assert_int_equal(ear_type(e, "query lan"), 0);
	ear_heard(e, "There is no LAN that you may use\n");
	lan = labnet(f);
	assert_int_equal(ear_type(e, "query lan"), 0);
	ear_heard(e, "LAN SYSTEM LABNET          Connected: 2     Maxconn: INFINITE  "
		     "State: active  Process: 4711\n");
	ear_heard(e, "  UNRESTRICTED  Memory: SHARED   MTU: 1500\n");
	ear_heard(e, "  VLAN Aware    Native VLAN: 0001\n");
	ear_heard(e, "  MAC Protection: ON   Isolation: OFF\n");
	ear_did_not_hear(e, "Adapter");
	ear_did_not_hear(e, "Uplink");
	lan->def.max_conn = 5;
	lan->def.dhcp = true;
	lan->state = LS_STARTING;
	lan->pid = 0;
	snprintf(lan->def.dhcp_net, sizeof(lan->def.dhcp_net), "10.1.2.0/24");
	assert_int_equal(ear_type(e, "query lan labnet"), 0);
	ear_heard(e, "Maxconn: 5         State: starting\n");
	ear_heard(e, "  Addresses and names served in 10.1.2.0/24\n");
	ear_free(e);
}

static void test_json(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	session_command(&e->s, 7, true, "query lan labnet");
	ear_heard(e,
		"\"command\":\"QUERY LAN\",\"rc\":0,\"messages\":[],\"records\":[{"
		"\"name\":\"LABNET\",\"owner\":\"SYSTEM\",\"type\":\"lan\","
		"\"state\":\"active\",\"pid\":4711,\"restarts\":0,\"features\":\"0000000000000000\",\"connected\":2,"
		"\"maxconn\":1024,\"restricted\":false,\"vlan_aware\":true,"
		"\"native\":1,\"isolation\":false,\"macprotect\":true,\"mtu\":1500,"
		"\"memory\":\"shared\",\"dhcp\":null,\"uplink\":\"none\"}]");
	ear_did_not_hear(e, "ports");
	ear_free(e);
}

static void test_details(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	assert_int_equal(ear_type(e, "query lan labnet details"), 0);
	ear_heard(e, "  Frames received: 900                  Copies:  100\n");
	ear_heard(e, "  Frames sent:     950                  Dropped: 45"
		     "                   Waiting: 5\n");
	ear_heard(e, "    Port: UPLINK\n      Porttype: Trunk   VLAN: 1-10,20\n");
	ear_heard(e,
		"    Adapter Owner: ALPHA    NIC: 0600  MAC: 02:00:00:00:01:00\n"
		"      Porttype: Access  VLAN: 10\n"
		"      RX Packets: 200                  Discarded: 4\n"
		"        RX Discarded: 2                    not from the NIC's own address\n"
		"        RX Discarded: 2                    over the NIC's rate\n"
		"      TX Packets: 20                   Discarded: 0\n"
		"      RX Bytes:   9223372036854775807  TX Bytes:  2000\n");
	ear_heard(e, "    Adapter Owner: BETA     NIC: 0600  MAC: 02:00:00:00:01:01\n"
		     "      Porttype: Trunk   VLAN: 10-12  Promiscuous\n");
	ear_heard(e, "    VLAN: 0010  Packets: 7                    Bytes: 700"
		     "                  Discarded: 1\n");
	ear_free(e);
}

static void test_mirror(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan = labnet(f);
	const struct lan_member *beta = lan_member_find(lan, "BETA", 0x600);

	lan_member_find(lan, "ALPHA", 0x600)->mirror = beta->id;
	assert_int_equal(ear_type(e, "query lan labnet details"), 0);
	ear_heard(e, "      Porttype: Access  VLAN: 10\n      Mirrored to: BETA.0600\n");
	session_command(&e->s, 7, true, "query lan labnet details");
	ear_heard(e, "\"mirror\":\"BETA.0600\"");
	ear_free(e);
}

static void test_details_json(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	session_command(&e->s, 7, true, "query lan labnet details");
	ear_heard(e, "\"received\":900,\"copies\":100,\"sent\":950,"
		     "\"dropped\":45,\"held\":5,\"macs\":0,\"ports\":[");
	ear_heard(e,
		"{\"name\":\"BETA.0600\",\"userid\":\"BETA\",\"vdev\":\"0600\","
		"\"mac\":\"02:00:00:00:01:01\",\"uplink\":false,\"plugged\":true,"
		"\"porttype\":\"trunk\",\"vlans\":\"10-12\",\"native\":10,"
		"\"promiscuous\":true,\"link\":\"up\",\"community\":0,\"mirror\":null,"
		"\"socket\":null,\"socket_state\":null,"
		"\"state\":\"up\",\"rx_frames\":300,\"tx_frames\":30,"
		"\"rx_bytes\":9223372036854775807,\"tx_bytes\":3000,"
		"\"rx_drops\":{\"runt\":0,\"oversize\":0,\"malformed\":0,\"spoofed\":3,"
		"\"vlan\":0,\"link_down\":0,\"rate\":2,");
	ear_heard(e, "{\"name\":\"UPLINK\",\"userid\":\"\",\"vdev\":null,");
	ear_heard(e, "\"vlans\":[{\"vlan\":10,\"frames\":7,\"bytes\":700,\"dropped\":1},"
		     "{\"vlan\":20,");
	ear_free(e);
}

/* One whom a program is plugged into, and one that is waiting. */
static void test_ports(void **state)
{
	static const struct lan_outlet_def one = { .name = "ONE" };
	static const struct lan_outlet_def two = { .name = "TWO",
		.mac = "02:00:00:00:00:0b" };
	struct front *f = *state;
	struct ear *e = operator(f), *user = ear_create(f, "ALPHA", "G");
	struct lan *lan = labnet(f);
	struct message err;

	assert_int_equal(lan_outlet_define(lan, &one, &err), 0);
	assert_int_equal(lan_outlet_define(lan, &two, &err), 0);
	strcpy(twin_member(lan, "", 0)->name, "*.ONE");
	assert_int_equal(ear_type(e, "query lan labnet details"), 0);
	ear_heard(e, "    Port: *.ONE  State: connected  MAC: any  Socket: /run/ONE\n"
		     "      Porttype: Access  VLAN: 10\n"
		     "      RX Packets: 400 ");
	ear_heard(e, "    Port: *.TWO  State: waiting  MAC: 02:00:00:00:00:0b  "
		     "Socket: /run/TWO\n      Porttype: Access  VLAN: 10\n");
	session_command(&e->s, 7, true, "query lan labnet details");
	ear_heard(e, "{\"name\":\"*.ONE\",\"userid\":\"\",\"vdev\":null,");
	ear_heard(e, "\"plugged\":true,\"porttype\":\"access\",\"vlans\":\"10\","
		     "\"native\":10,\"promiscuous\":false,\"link\":\"up\","
		     "\"community\":0,\"mirror\":null,\"socket\":\"/run/ONE\","
		     "\"socket_state\":\"connected\",\"state\":\"up\"");
	ear_heard(e, "\"socket\":\"/run/TWO\",\"socket_state\":\"waiting\"}");
	assert_int_equal(ear_type(e, "query lan labnet fdb"), 0);
	ear_heard(e, "Port: *.ONE ");
	assert_int_equal(ear_type(user, "query lan labnet details"), 0);
	ear_did_not_hear(user, "*.");
	ear_free(user);
	ear_free(e);
}

/* Who gets copies is for who decides it, not for who is watched. */
static void test_a_mirror(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f), *alpha = ear_create(f, "ALPHA", "G");
	struct lan *lan;

	labnet(f);
	lan = lan_find(&f->cp, "SYSTEM", "LABNET");
	lan_member_find(lan, "ALPHA", 0x600)->mirror =
		lan_member_find(lan, "BETA", 0x600)->id;
	assert_int_equal(ear_type(e, "query lan labnet details"), 0);
	ear_heard(e, "      Mirrored to: BETA.0600\n");
	session_command(&e->s, 8, true, "query lan labnet details");
	ear_heard(e, "\"mirror\":\"BETA.0600\"");
	assert_int_equal(ear_type(alpha, "query lan labnet details"), 0);
	ear_heard(alpha, "NIC: 0600");
	ear_did_not_hear(alpha, "Mirrored");
	ear_free(alpha);
	ear_free(e);
}

/* Others' ports, totals and VLANs are not for a user of class G. */
static void test_details_of_others(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G");
	struct lan *lan = labnet(f);

	session_command(&e->s, 7, true, "query lan labnet details");
	ear_heard(e, "\"name\":\"ALPHA.0600\"");
	ear_did_not_hear(e, "BETA");
	ear_did_not_hear(e, "UPLINK");
	ear_did_not_hear(e, "received");
	ear_did_not_hear(e, "\"frames\"");
	assert_int_equal(ear_type(e, "query lan labnet fdb"), 0);
	assert_int_equal(heard(e, "MAC: "), 1);
	ear_heard(e, "ALPHA.0600");
	assert_int_equal(ear_type(e, "query lan labnet accesslist"), 0);
	ear_did_not_hear(e, "BETA");
	assert_int_equal(ear_type(e, "query lan labnet promiscuous"), 0);
	ear_did_not_hear(e, "BETA");
	snprintf(lan->def.owner, sizeof(lan->def.owner), "ALPHA");
	assert_int_equal(ear_type(e, "query lan labnet details"), 0);
	ear_heard(e, "Adapter Owner: BETA");
	ear_heard(e, "Frames received");
	ear_free(e);
}

/* With class G those one may use. */
static void test_visible(void **state)
{
	struct front *f = *state;
	struct ear *e = ear_create(f, "ALPHA", "G"), *b = operator(f);
	struct lan *hidden = twin_system_lan(&f->cp, "HIDDEN");

	twin_system_lan(&f->cp, "OPEN");
	hidden->def.restricted = true;
	assert_int_equal(ear_type(e, "define lan mine restricted"), 0);
	assert_int_equal(ear_type(e, "query lan"), 0);
	ear_heard(e, "OPEN");
	ear_heard(e, "MINE");
	ear_did_not_hear(e, "HIDDEN");
	assert_int_equal(ear_type(e, "query lan hidden"), 1530);
	assert_int_equal(ear_type(b, "query lan all"), 0);
	ear_heard(b, "HIDDEN");
	ear_heard(b, "LAN ALPHA MINE");
	assert_int_equal(ear_type(b, "query lan mine"), 1530);
	assert_int_equal(ear_type(b, "query lan mine ownerid alpha"), 0);
	hidden->def.grant[hidden->def.n_grants++] =
		(struct lan_grant) { .userid = "ALPHA" };
	assert_int_equal(ear_type(e, "query lan hidden"), 0);
	ear_heard(e, "RESTRICTED");
	ear_free(e);
	ear_free(b);
}

static void test_vswitch(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "query vswitch"), 0);
	ear_heard(e, "There is no VSWITCH that you may use\n");
	assert_int_equal(ear_type(e, "query vswitch net"), 1530);
	assert_int_equal(
		ear_type(e, "define vswitch out rdev nat forward 80:alpha:8080"), 0);
	assert_int_equal(
		ear_type(e, "define vswitch tapped rdev tap tap0 vlan aware"), 0);
	assert_int_equal(
		ear_type(e, "define vswitch tunnel rdev udp 10.0.0.1:1 [::1]:2"), 0);
	assert_int_equal(ear_type(e, "define vswitch vde rdev vde /run/x"), 0);
	assert_int_equal(ear_type(e, "define vswitch eth rdev if eth0"), 0);
	assert_int_equal(ear_type(e, "define vswitch bare"), 0);
	assert_int_equal(ear_type(e, "query vswitch"), 0);
	ear_did_not_hear(e, "NET");
	ear_heard(e, "VSWITCH SYSTEM OUT ");
	ear_heard(e, " Uplink Port: NAT  Porttype: Access  Forwards: 1\n");
	ear_heard(e, " Uplink Port: TAP tap0  Porttype: Trunk\n");
	ear_heard(e, " Uplink Port: UDP 10.0.0.1:1 [::1]:2  Porttype: Access\n");
	ear_heard(e, " Uplink Port: VDE /run/x  Porttype: Access\n");
	ear_heard(e, " Uplink Port: IF eth0  Porttype: Access\n");
	ear_heard(e, " Uplink Port: none\n");
	assert_int_equal(ear_type(e, "query lan out"), 0);
	session_command(&e->s, 7, true, "query vswitch out");
	ear_heard(e, "\"type\":\"vswitch\"");
	ear_heard(e, "\"uplink\":\"nat\",\"uplink_port\":{\"name\":\"\",\"here\":\"\","
		     "\"there\":\"\",\"porttype\":\"access\",\"forwards\":[{"
		     "\"host_port\":80,\"userid\":\"ALPHA\",\"port\":8080}]}");
	ear_free(e);
}

static void test_access(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan = labnet(f);

	lan->def.grant[lan->def.n_grants++] = (struct lan_grant) { .userid = "ALPHA",
		.community = 7 };
	assert_int_equal(ear_type(e, "query lan labnet accesslist"), 0);
	ear_heard(e, "  Authorized userids: any; of these more is said:\n"
		     "    BETA      Porttype: Trunk   VLAN: 10-12  Promiscuous\n"
		     "    ALPHA     Porttype: Access  VLAN: native  Community: 7\n");
	lan->def.restricted = true;
	assert_int_equal(ear_type(e, "query lan labnet accesslist"), 0);
	ear_heard(e, "  Authorized userids:\n    BETA");
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "query lan labnet accesslist");
	ear_heard(e, "\"access\":[{\"userid\":\"BETA\",\"porttype\":\"trunk\","
		     "\"vlans\":\"10-12\",\"promiscuous\":true,\"community\":null},{");
	ear_heard(e, "\"userid\":\"ALPHA\",\"porttype\":\"access\",\"vlans\":\"\","
		     "\"promiscuous\":false,\"community\":7}]");
	ear_free(e);
}

static void test_promiscuous(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan = labnet(f);

	lan->def.grant[lan->def.n_grants++] = (struct lan_grant) { .userid = "GAMMA",
		.promiscuous = true };
	lan->def.grant[lan->def.n_grants++] = (struct lan_grant) { .userid = "ALPHA" };
	assert_int_equal(ear_type(e, "query lan labnet pro"), 0);
	ear_heard(e, "  Promiscuous userids:\n    BETA      connected\n"
		     "    GAMMA     not connected\n");
	ear_did_not_hear(e, "ALPHA");
	session_command(&e->s, 7, true, "query lan labnet pro");
	ear_heard(e, "\"promiscuous\":[{\"userid\":\"BETA\",\"connected\":true},{"
		     "\"userid\":\"GAMMA\",\"connected\":false}]");
	ear_free(e);
}

static void test_fdb(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	assert_int_equal(ear_type(e, "query lan labnet fdb"), 0);
	ear_heard(e, "LAN SYSTEM LABNET\n");
	ear_heard(e, "  MAC: 02:00:00:00:00:01  VLAN: any   Port: UPLINK         "
		     "Age: static\n");
	ear_heard(e, "  MAC: 02:00:00:00:00:03  VLAN: 0020  Port: BETA.0600      "
		     "Age: 4s\n");
	ear_did_not_hear(e, "00:00:09"); /* behind no port there is */
	e->text[0] = '\0';
	session_command(&e->s, 7, true, "query lan fdb");
	ear_heard(e, "{\"lan\":\"LABNET\",\"lan_owner\":\"SYSTEM\","
		     "\"mac\":\"02:00:00:00:00:02\",\"vlan\":10,\"userid\":\"ALPHA\","
		     "\"vdev\":\"0600\",\"port\":\"ALPHA.0600\",\"age_ns\":3000000000,"
		     "\"static\":false}");
	ear_free(e);
}

static void test_operands(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	assert_int_equal(ear_type(e, "query lan nowhere"), 1530);
	assert_int_equal(ear_type(e, "query lan a.b"), 2);
	assert_int_equal(ear_type(e, "query lan labnet frob"), 3);
	assert_int_equal(ear_type(e, "query lan details fdb"), 3);
	assert_int_equal(ear_type(e, "query lan labnet ownerid"), 20);
	assert_int_equal(ear_type(e, "query vswitch labnet ownerid system"), 1530);
	assert_int_equal(ear_type(e, "query lan details"), 0);
	ear_heard(e, "Adapter Owner: ALPHA");
	ear_free(e);
}

/* A LAN that does not answer is shown without what only its process knows. */
static void test_no_answer(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	twin_system_lan(&f->cp, "OTHER");
	lan_twin.fail_bytes = MSG_LAN_NOT_HERE;
	assert_int_equal(ear_type(e, "query lan details"), 0);
	ear_heard(e, "Adapter Owner: ALPHA");
	ear_heard(e, "  No counters: LAN SYSTEM LABNET does not exist\n");
	ear_heard(e, "LAN SYSTEM OTHER");
	assert_int_equal(ear_type(e, "query lan labnet fdb"), 1530);
	lan_twin.fail_bytes = 0;
	lan_twin.refuse_bytes = MSG_LAN_NOT_HERE;
	lan_find(&f->cp, "SYSTEM", "LABNET")->def.aware = false;
	assert_int_equal(ear_type(e, "query lan labnet details"), 0);
	ear_heard(e, "      Porttype: Access\n");
	session_command(&e->s, 7, true, "query lan labnet details");
	ear_heard(e, "\"uplink\":\"none\",\"ports\":[");
	assert_int_equal(ear_type(e, "query lan labnet fdb"), 1530);
	ear_free(e);
}

static void test_answered_later(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	labnet(f);
	twin_system_lan(&f->cp, "OTHER");
	lan_twin.late = true;
	assert_int_equal(ear_type(e, "query lan details"), -1);
	twin_lans_go_on(&f->cp); /* the ports */
	assert_int_equal(e->done, 0);
	twin_lans_go_on(&f->cp); /* a VLAN */
	twin_lans_go_on(&f->cp); /* the other one */
	twin_lans_go_on(&f->cp); /* that there are no more */
	assert_int_equal(e->done, 0);
	twin_lans_go_on(&f->cp); /* the ports of the other, which has no VLANs */
	assert_int_equal(e->done, 1);
	ear_heard(e, "VLAN: 0020  Packets");
	ear_heard(e, "LAN SYSTEM OTHER");
	assert_int_equal(ear_type(e, "query lan fdb"), -1);
	ear_free(e); /* who asked has gone */
	twin_lans_go_on(&f->cp);
	twin_lans_go_on(&f->cp);
}

/* It goes while it is asked, and so does the one that would be next. */
static void test_gone_meanwhile(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);
	struct lan *lan = labnet(f), *other = twin_system_lan(&f->cp, "OTHER");

	lan_twin.late = true;
	assert_int_equal(ear_type(e, "query lan details"), -1);
	twin_free_lan(lan);
	twin_free_lan(other);
	twin_lans_go_on(&f->cp);
	assert_int_equal(e->done, 1);
	assert_int_equal(e->rc, 0);
	ear_heard(e, "LABNET");
	ear_did_not_hear(e, "OTHER");
	ear_free(e);
}

/* QUERY ISOLATION says of LANs that are SHARED what that means. */
static void test_isolation(void **state)
{
	struct front *f = *state;
	struct ear *e = operator(f);

	assert_int_equal(ear_type(e, "query isolation"), 0);
	ear_heard(e, "lans         in force      no process of a LAN maps the storage");
	twin_system_lan(&f->cp, "SAFE")->def.bounce = true;
	twin_system_lan(&f->cp, "NET");
	assert_int_equal(ear_type(e, "query isolation"), 0);
	ear_heard(e, "lans         not in force  members of LAN SYSTEM NET map each "
		     "other's storage through its process\n");
	for (int i = 0; i < 20; i++)
		twin_system_lan(&f->cp, "MORE");
	assert_int_equal(ear_type(e, "query isolation"), 0);
	ear_heard(e,
		"members of LAN SYSTEM NET, SYSTEM MORE, SYSTEM MORE, SYSTEM MORE, and of 17 others, map each other's storage through its process\n");
	ear_free(e);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, front_setup, front_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_summary),
		TEST(test_json),
		TEST(test_details),
		TEST(test_mirror),
		TEST(test_details_json),
		TEST(test_ports),
		TEST(test_a_mirror),
		TEST(test_details_of_others),
		TEST(test_visible),
		TEST(test_vswitch),
		TEST(test_access),
		TEST(test_promiscuous),
		TEST(test_fdb),
		TEST(test_operands),
		TEST(test_no_answer),
		TEST(test_answered_later),
		TEST(test_gone_meanwhile),
		TEST(test_isolation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
