// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch: fentry programs that see the end of a primary before it happens, and move its pair off it.
 * Each is named after the kernel function that it watches, and is optional. It acts only on devices
 * of a pair: by ifindex and network namespace, or by the PCI address of the primary, of its slot or
 * of the port above it.
 *
 * The functions are static or internal to the kernel: watch_functions.h has their table, from which
 * most programs are made.
 */
#include "hold.h"
#include "kernel.h"
#include "pair.h"
#include "watch_test.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* All objects with watch programs share it; it is not pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_test);
} watch_tests SEC(".maps");

/*
 * The agent takes a device of its own through the end of a primary, and sees here which programs
 * ran.
 */
static __always_inline void watch_note(__u32 ifindex, enum watch_function function)
{
	struct watch_test *test = bpf_map_lookup_elem(&watch_tests, &(__u32){ 0 });

	if (test && test->ifindex == ifindex)
		test->fired[function] = 1;
}

#define WATCH_CLOSE_MAX 64    /* devices closed in one call */
#define WATCH_PCI_FUNCTIONS 8 /* of one slot */

union watch_name {
	char text[16];
	__u64 words[2];
};

static __always_inline bool watch_name_is(const union watch_name *name, const char text[16])
{
	const __u64 *words = (const __u64 *)text;

	return name->words[0] == words[0] && name->words[1] == words[1];
}

/* Reads the name of a device, or an empty name if it is too long for a PCI address. */
static __always_inline int watch_read_name(union watch_name *name, const char *from)
{
	int length;

	name->words[0] = name->words[1] = 0;
	length = bpf_probe_read_kernel_str(name->text, sizeof(name->text), from);
	return length;
}

/*
 * Finds the pair of an event. The slots in use are searched in groups: two loops in global
 * functions, which the verifier checks once each. Global functions take only scalars before Linux
 * 5.13, the first with bpf_for_each_map_elem.
 */
#define WATCH_GROUP 16
#define WATCH_NONE (-1) /* not in this group */
#define WATCH_END (-2)	/* nor in a later one: all slots from there on are free */

#define WATCH_SLOTS(first)                                                                         \
	_Pragma("clang loop unroll(disable)")                                                      \
	for (__u32 slot = first, left = WATCH_GROUP; left; slot++, left--)

/* In the map and not a constant: the programs outlive the agent that attached them (slot.h). */
static __always_inline __u32 watch_slots_used(void)
{
	__u32 first = 0;
	const volatile struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &first);

	return pair ? pair->slots_used : 0;
}

enum watch_role {
	WATCH_PRIMARY,
	WATCH_STANDBY,
	WATCH_OWNER,
};

static __always_inline __u32 watch_ifindex_of(const struct vfsteer_pair *pair, enum watch_role role)
{
	if (role == WATCH_PRIMARY)
		return pair->primary_ifindex;
	return role == WATCH_STANDBY ? pair->standby_ifindex : pair->owner_ifindex;
}

__attribute__((noinline)) int watch_find_among(__u32 first, __u32 end, __u32 ifindex,
					       __u32 network_namespace, __u32 role)
{
	WATCH_SLOTS(first)
	{
		__u32 key = slot;
		const struct vfsteer_pair *pair =
			slot < end ? bpf_map_lookup_elem(&pairs, &key) : NULL;

		if (!pair)
			return WATCH_END;
		if (pair->network_namespace == network_namespace &&
		    watch_ifindex_of(pair, role) == ifindex)
			return slot;
	}
	return WATCH_NONE;
}

__attribute__((noinline)) int watch_find_slot(__u32 ifindex, __u32 network_namespace, __u32 role)
{
	__u32 end = watch_slots_used();

	for (__u32 first = 0; first < VFSTEER_MAX_PAIRS; first += WATCH_GROUP) {
		int slot = watch_find_among(first, end, ifindex, network_namespace, role);

		if (slot != WATCH_NONE)
			return slot;
	}
	return WATCH_NONE;
}

/*
 * Returns the slot of the pair whose primary, standby or owner is @device; negative: none. @device
 * is an argument of the program itself, so the verifier allows direct reads, also if a locked-down
 * kernel refuses the helpers that read its memory.
 */
static __always_inline int watch_find(struct net_device *device, enum watch_role role)
{
	return watch_find_slot(device->ifindex, device->nd_net.net->ns.inum, role);
}

static __always_inline void watch_leave(struct net_device *device, enum vfsteer_primary_state state,
					enum vfsteer_cause cause)
{
	int slot = watch_find(device, WATCH_PRIMARY);

	if (slot >= 0)
		pair_leave_primary(slot, state, cause);
}

/* The same if the caller may be delayed and the device still receives. */
static __always_inline void watch_leave_held(struct net_device *device,
					     enum vfsteer_primary_state state,
					     enum vfsteer_cause cause)
{
	int slot = watch_find(device, WATCH_PRIMARY);

	if (slot >= 0 && pair_leave_primary(slot, state, cause))
		hold_until_announced(slot);
}

static __always_inline void watch_leave_list(struct list_head *list, enum vfsteer_cause cause,
					     bool hold, enum watch_function function)
{
	struct list_head *node = BPF_CORE_READ(list, next);

	for (int i = 0; i < WATCH_CLOSE_MAX && node != list; i++) {
		struct net_device *device =
			(void *)node - bpf_core_field_offset(struct net_device, close_list);
		__u32 ifindex = BPF_CORE_READ(device, ifindex);
		int slot = watch_find_slot(ifindex, BPF_CORE_READ(device, nd_net.net, ns.inum),
					   WATCH_PRIMARY);

		watch_note(ifindex, function);
		if (slot >= 0 && pair_leave_primary(slot, PRIMARY_DOWN, cause) && hold)
			hold_until_announced(slot);
		node = BPF_CORE_READ(node, next);
	}
}

enum watch_pci {
	WATCH_PCI_ADDRESS = 1 << 0,
	WATCH_PCI_SLOT = 1 << 1,
	WATCH_PCI_PORT = 1 << 2,
};

struct watch_pci_search {
	union watch_name name;
	enum watch_pci what;
	__u32 from; /* first slot to search */
};

__attribute__((noinline)) int watch_find_pci_among(__u32 first, __u32 end, __u64 name,
						   __u64 name_rest, __u32 what)
{
	const union watch_name wanted = { .words = { name, name_rest } };

	WATCH_SLOTS(first)
	{
		__u32 key = slot;
		const struct vfsteer_pair *pair =
			slot < end ? bpf_map_lookup_elem(&pairs, &key) : NULL;

		if (!pair)
			return WATCH_END;
		if ((what & WATCH_PCI_ADDRESS &&
		     watch_name_is(&wanted, pair->primary_pci_address)) ||
		    (what & WATCH_PCI_SLOT && watch_name_is(&wanted, pair->primary_pci_slot)) ||
		    (what & WATCH_PCI_PORT && watch_name_is(&wanted, pair->primary_pci_port)))
			return slot;
	}
	return WATCH_NONE;
}

__attribute__((noinline)) int watch_find_pci(__u32 from, __u64 name, __u64 name_rest, __u32 what)
{
	__u32 end = watch_slots_used();

	for (__u32 past = 0; past < VFSTEER_MAX_PAIRS; past += WATCH_GROUP) {
		int slot = watch_find_pci_among(from + past, end, name, name_rest, what);

		if (slot != WATCH_NONE)
			return slot;
	}
	return WATCH_NONE;
}

/* Returns the next slot from search->from on that matches; negative: none. */
static __always_inline int watch_pci_next(struct watch_pci_search *search)
{
	int slot;

	if (!search->name.text[0])
		return WATCH_NONE;
	slot = watch_find_pci(search->from, search->name.words[0], search->name.words[1],
			      search->what);
	search->from = slot + 1;
	return slot;
}

/* Several pairs may share a slot or a port of PCI: all of them leave. */
static __always_inline void watch_leave_pci(struct watch_pci_search *search,
					    enum vfsteer_cause cause, bool hold)
{
	for (int i = 0; i < WATCH_PCI_FUNCTIONS; i++) {
		int slot = watch_pci_next(search);

		if (slot < 0)
			break;
		if (pair_leave_primary(slot, PRIMARY_LEAVING, cause) && hold)
			hold_until_announced(slot);
	}
}

static __always_inline void watch_leave_pci_device(struct device *device, enum watch_pci what,
						   enum vfsteer_cause cause)
{
	struct watch_pci_search search = { .what = what };

	watch_read_name(&search.name, BPF_CORE_READ(device, kobj.name));
	watch_leave_pci(&search, cause, true);
}

/* The programs of the table: WATCH_MATCH_<match>(function, argument...). */
#define WATCH_UNPACK(...) __VA_ARGS__
#define WATCH_CALL(macro, ...) macro(__VA_ARGS__)
#define WATCH_PROGRAM(function, since, sees, match, arguments, ...)                                \
	WATCH_CALL(WATCH_MATCH_##match, function, WATCH_UNPACK arguments)

#define WATCH_MATCH_DEVICE_HELD(function, state, cause)                                            \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(function, struct net_device *device)                                          \
	{                                                                                          \
		watch_note(device->ifindex, WATCH_##function);                                     \
		watch_leave_held(device, state, cause);                                            \
		return 0;                                                                          \
	}

#define WATCH_MATCH_LISTED(function, cause, hold)                                                  \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(function, struct list_head *list)                                             \
	{                                                                                          \
		watch_leave_list(list, cause, hold, WATCH_##function);                             \
		return 0;                                                                          \
	}
#define WATCH_MATCH_LIST(function, cause) WATCH_MATCH_LISTED(function, cause, false)
#define WATCH_MATCH_LIST_HELD(function, cause) WATCH_MATCH_LISTED(function, cause, true)

#define WATCH_MATCH_OWNER(function, event)                                                         \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(function, struct net_device *device)                                          \
	{                                                                                          \
		int slot = watch_find(device, WATCH_OWNER);                                        \
												   \
		if (slot >= 0)                                                                     \
			pair_send_event(slot, event, CAUSE_NONE);                                  \
		watch_note(device->ifindex, WATCH_##function);                                     \
		return 0;                                                                          \
	}

#define WATCH_MATCH_PCI(function, what, cause)                                                     \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(function, struct pci_dev *device)                                             \
	{                                                                                          \
		watch_leave_pci_device(&device->dev, what, cause);                                 \
		return 0;                                                                          \
	}

#define WATCH_MATCH_PCI_DRIVER(function, what, cause)                                              \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(function, struct device *device)                                              \
	{                                                                                          \
		watch_leave_pci_device(device, what, cause);                                       \
		return 0;                                                                          \
	}

#define WATCH_MATCH_OWN(...)
#define WATCH_MATCH_OWN_HELD(...)

WATCH_FUNCTIONS(WATCH_PROGRAM)

/* A second press within five seconds cancels the request. */
SEC("fentry/pciehp_handle_button_press")
int BPF_PROG(pciehp_handle_button_press, struct controller *controller)
{
	struct watch_pci_search search = { .what = WATCH_PCI_PORT };
	__u8 state = BPF_CORE_READ(controller, state);

	watch_read_name(&search.name, BPF_CORE_READ(controller, pcie, port, dev.kobj.name));
	if (state == PCIEHP_ON_STATE)
		watch_leave_pci(&search, CAUSE_UNPLUG_REQUEST, false);
	if (state != PCIEHP_BLINKINGOFF_STATE)
		return 0;
	for (int i = 0; i < WATCH_PCI_FUNCTIONS; i++) {
		int slot = watch_pci_next(&search);

		if (slot < 0)
			break;
		pair_send_event(slot, EVENT_UNPLUG_CANCELLED, CAUSE_UNPLUG_REQUEST);
	}
	return 0;
}

static __always_inline char watch_hex_digit(__u32 value)
{
	return value < 10 ? '0' + value : 'a' + value - 10;
}

SEC("fentry/acpiphp_disable_and_eject_slot")
int BPF_PROG(acpiphp_disable_and_eject_slot, struct acpiphp_slot *acpi_slot)
{
	struct watch_pci_search search = { .what = WATCH_PCI_SLOT };
	__u32 number = BPF_CORE_READ(acpi_slot, device);
	int length = watch_read_name(&search.name, BPF_CORE_READ(acpi_slot, bus, dev.kobj.name));

	/*
	 * The name of the bus, "0000:01", with the device number is that of the slot, "0000:01:00".
	 * Unrolled: before Linux 5.12 an offset on the stack must be constant.
	 */
#pragma unroll
	for (int end = 1; end < (int)sizeof(search.name.text) - 3; end++) {
		if (length != end + 1)
			continue;
		search.name.text[end] = ':';
		search.name.text[end + 1] = '0' + ((number >> 4) & 1);
		search.name.text[end + 2] = watch_hex_digit(number & 0xf);
	}
	if (length < 2 || length > (int)sizeof(search.name.text) - 3)
		return 0;
	watch_leave_pci(&search, CAUSE_UNPLUG_REQUEST, true);
	return 0;
}

/* The flag before the state word: an agent that reads the new word also reads the flag. */
SEC("fentry/netif_device_detach")
int BPF_PROG(netif_device_detach, struct net_device *device)
{
	/* negative if none, which is no key of the map */
	__u32 slot = watch_find(device, WATCH_PRIMARY);
	struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);

	if (!pair)
		return 0;
	pair->primary_is_detached = 1;
	pair_leave_primary(slot, PRIMARY_DOWN, CAUSE_DETACHED);
	return 0;
}

SEC("fentry/netif_device_attach")
int BPF_PROG(netif_device_attach, struct net_device *device)
{
	__u32 slot = watch_find(device, WATCH_PRIMARY);
	struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);

	if (!pair)
		return 0;
	pair->primary_is_detached = 0;
	pair_send_event(slot, EVENT_ATTACHED, CAUSE_NONE);
	return 0;
}

static __always_inline void watch_note_standby_carrier(struct net_device *device, __u8 carrier)
{
	__u32 slot = watch_find(device, WATCH_STANDBY);
	struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);

	if (pair)
		pair->standby_has_carrier = carrier;
}

/* Runs in the context of the driver, also in interrupts, and again if carrier is already off. */
SEC("fentry/netif_carrier_off")
int BPF_PROG(netif_carrier_off, struct net_device *device)
{
	watch_note(device->ifindex, WATCH_netif_carrier_off);
	watch_leave(device, PRIMARY_DOWN, CAUSE_CARRIER_LOST);
	watch_note_standby_carrier(device, 0);
	return 0;
}

/*
 * Wakes the agent without the delay of the link work, up to a second. Only the agent moves traffic
 * to the primary.
 */
SEC("fentry/netif_carrier_on")
int BPF_PROG(netif_carrier_on, struct net_device *device)
{
	int slot = watch_find(device, WATCH_PRIMARY);

	if (slot >= 0)
		pair_send_event(slot, EVENT_CARRIER_ON, CAUSE_NONE);
	watch_note(device->ifindex, WATCH_netif_carrier_on);
	watch_note_standby_carrier(device, 1);
	return 0;
}

/* At the exit, when the new program is in its place. */
SEC("fexit/bpf_mprog_attach")
int BPF_PROG(bpf_mprog_attach)
{
	pair_send_event(VFSTEER_MAX_PAIRS, EVENT_PROGRAMS, CAUSE_NONE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
