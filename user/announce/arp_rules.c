/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/arp_rules.h"

#include <netinet/in.h> /* before linux/in.h, which leaves out then what both have */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* NF_NETDEV_EGRESS of <linux/netfilter.h> (Linux 5.16), which older headers lack */
#define ARP_RULES_NETDEV_EGRESS 1

static bool has_arptables(void)
{
	FILE *file = fopen("/proc/net/arp_tables_names", "re");
	bool has = file && fgetc(file) != EOF;

	if (file)
		fclose(file);
	return has;
}

static bool is_built_in(const char *module)
{
	char path[512], line[512];
	struct utsname kernel;
	bool found = false;
	FILE *file;

	if (uname(&kernel))
		return false;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", kernel.release);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, module) != NULL;
	if (file)
		fclose(file);
	return found;
}

/* Without the module, a request would load it (nfnetlink_rcv_msg). */
static bool may_ask_nft(void)
{
	return !access("/sys/module/nf_tables", F_OK) || access("/proc/modules", F_OK) ||
	       is_built_in("/nf_tables.ko");
}

static int take_table(struct nl_msg *message, void *context)
{
	bool *found = context;

	*found |= nlmsg_hdr(message)->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE);
	return NL_OK;
}

static int take_chain(struct nl_msg *message, void *context)
{
	struct nlattr *values[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	bool *found = context;

	if (nlmsg_hdr(message)->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) &&
	    nlmsg_parse(nlmsg_hdr(message), sizeof(struct nfgenmsg), values, NFTA_CHAIN_MAX,
			NULL) >= 0 &&
	    values[NFTA_CHAIN_HOOK] &&
	    nla_parse_nested(hook, NFTA_HOOK_MAX, values[NFTA_CHAIN_HOOK], NULL) >= 0 &&
	    hook[NFTA_HOOK_HOOKNUM] && nla_len(hook[NFTA_HOOK_HOOKNUM]) == sizeof(uint32_t))
		*found |= ntohl(nla_get_u32(hook[NFTA_HOOK_HOOKNUM])) == ARP_RULES_NETDEV_EGRESS;
	return NL_OK;
}

/* Does a dump have what @take looks for? */
static bool nft_has(uint8_t family, uint16_t type, nl_recvmsg_msg_cb_t take)
{
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_msg *request =
		nlmsg_alloc_simple(NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_REQUEST | NLM_F_DUMP);
	bool found = false;

	if (socket && request && !nlmsg_append(request, (void *)&header, sizeof(header), 0) &&
	    !nl_connect(socket, NETLINK_NETFILTER) &&
	    !nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take, &found) &&
	    nl_send_auto(socket, request) >= 0)
		nl_recvmsgs_default(socket);
	nlmsg_free(request);
	nl_socket_free(socket);
	return found;
}

static bool has_nft(void)
{
	return may_ask_nft() && (nft_has(NFPROTO_ARP, NFT_MSG_GETTABLE, take_table) ||
				 nft_has(NFPROTO_NETDEV, NFT_MSG_GETCHAIN, take_chain));
}

bool arp_rules_exist(void)
{
	return has_arptables() || has_nft();
}
