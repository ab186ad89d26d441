// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The kernel half of the network guard: refuses connections and datagrams to addresses, and questions for names, that the agent names in two maps. What is not
 * named passes; without the agent there is no guard.
 *
 * Hooks are those of a cgroup, which need neither kprobes nor trampolines. The maps and records are written and read by agent/src/guard/network-programs.ts; the
 * two files change together.
 */
#include "kernel-types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { PASS = 1, REFUSE = 0 };
enum { ALLOW = 0, OBSERVE = 1, DENY = 2 };
enum { HIT_ADDRESS = 1, HIT_NAME = 2 };
enum { SCOPE_SYSTEM = 0, SCOPE_CGROUP = 1, SCOPE_NETNS = 2 };
enum { TCP = 6, UDP = 17, DNS_PORT = 53, DNS_HEADER = 12, NAME_BYTES = 255 };

/* A lookup finds the longest prefix of what is looked up. `bits` counts those of the rest. */
struct address_key { u32 bits; u8 address[16]; };
/* A name as it stands in a message, without the last byte, backwards and in lower case: a suffix of names is a prefix of keys. */
struct name_key { u32 bits; u8 name[NAME_BYTES + 1]; };
struct rule { u32 effect, indicator; };

struct hit {
	u32 type, size;
	u64 time, start;
	/* Without a process where it cannot be known. */
	u32 pid, uid, effect, indicator;
	u16 family, port, name_bytes;
	u8 protocol, refused;
	u8 address[16];
	char comm[16];
	u8 name[NAME_BYTES + 1];
};

/* Whose traffic is guarded. The agent's own passes: an indicator must not cut a device from its server. */
struct guard_settings { u32 scope, netns, agent, zero; };

struct name_scratch {
	struct name_key key;
	u32 length;
	u64 socket;
	u8 message[NAME_BYTES + 1];
};

struct { NUMBER(type, MAP_LPM_TRIE); NUMBER(max_entries, 131072); NUMBER(map_flags, 1); TYPE(key, struct address_key); TYPE(value, struct rule); } addresses SEC(".maps");
struct { NUMBER(type, MAP_LPM_TRIE); NUMBER(max_entries, 131072); NUMBER(map_flags, 1); TYPE(key, struct name_key); TYPE(value, struct rule); } names SEC(".maps");
struct { NUMBER(type, MAP_RINGBUF); NUMBER(max_entries, 1 << 18); } hits SEC(".maps");
struct { NUMBER(type, MAP_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, u64); } untold SEC(".maps");
struct { NUMBER(type, MAP_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct guard_settings); } guarded SEC(".maps");
struct { NUMBER(type, MAP_PERCPU_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct name_scratch); } scratch SEC(".maps");

INLINE bool is_guarded(u32 netns)
{
	u32 zero = 0;
	struct guard_settings *s = map_lookup(&guarded, &zero);
	if (!s || READ(current_task(), tgid) == (s32)s->agent) return 0;
	return s->scope != SCOPE_NETNS || s->netns == netns;
}

INLINE u32 task_netns(void)
{
	struct nsproxy *namespaces = READ(current_task(), nsproxy);
	return namespaces ? READ(READ(namespaces, net_ns), ns.inum) : 0;
}

INLINE struct hit *begin_hit(u32 type, struct rule *rule, bool by_current)
{
	struct hit *h = ring_reserve(&hits, sizeof(*h), 0);
	if (!h) {
		u32 zero = 0;
		u64 *count = map_lookup(&untold, &zero);
		if (count) __sync_fetch_and_add(count, 1);
		return 0;
	}
	__builtin_memset(h, 0, sizeof(*h));
	h->type = type;
	h->size = sizeof(*h);
	h->time = boot_ns();
	h->effect = rule->effect;
	h->indicator = rule->indicator;
	h->refused = rule->effect == DENY;
	if (!by_current) return h;
	struct task_struct *task = current_task();
	h->start = READ(READ(task, group_leader), start_boottime);
	h->pid = READ(task, tgid);
	h->uid = READ(READ(task, cred), uid.val);
	read_kernel_string(h->comm, sizeof(h->comm), ADDRESS(task, comm));
	return h;
}

INLINE int judge_address(struct address_key *key, u32 family, struct bpf_sock_addr *c)
{
	struct rule *rule = map_lookup(&addresses, key);
	if (!rule || rule->effect == ALLOW) return PASS;
	if (!is_guarded(task_netns())) return PASS;
	struct hit *h = begin_hit(HIT_ADDRESS, rule, 1);
	if (h) {
		h->family = family;
		h->port = __builtin_bswap16((u16)c->user_port);
		h->protocol = c->protocol;
		__builtin_memcpy(h->address, key->address, 16);
		ring_submit(h, 0);
	}
	return rule->effect == DENY ? REFUSE : PASS;
}

INLINE int judge4(struct bpf_sock_addr *c)
{
	/* As IPv6 maps it, so that one map holds both. */
	struct address_key key = { .bits = 128 };
	u32 address = c->user_ip4;
	key.address[10] = key.address[11] = 0xff;
	__builtin_memcpy(&key.address[12], &address, 4);
	return judge_address(&key, 4, c);
}

INLINE int judge6(struct bpf_sock_addr *c)
{
	struct address_key key = { .bits = 128 };
	u32 words[4] = { c->user_ip6[0], c->user_ip6[1], c->user_ip6[2], c->user_ip6[3] };
	__builtin_memcpy(key.address, words, 16);
	return judge_address(&key, 6, c);
}

SEC("cgroup/connect4") int on_connect4(struct bpf_sock_addr *c) { return judge4(c); }
SEC("cgroup/connect6") int on_connect6(struct bpf_sock_addr *c) { return judge6(c); }
SEC("cgroup/sendmsg4") int on_sendmsg4(struct bpf_sock_addr *c) { return judge4(c); }
SEC("cgroup/sendmsg6") int on_sendmsg6(struct bpf_sock_addr *c) { return judge6(c); }

/* Offset of the DNS message in a packet to port 53; 0 when it is none. */
INLINE u32 message_offset(struct __sk_buff *skb, u32 *protocol)
{
	u8 head[20];
	u32 at, kind;
	if (skb_load(skb, 0, head, sizeof(head))) return 0;
	if (head[0] >> 4 == 4) {
		/* A later piece of a packet has no ports. */
		if ((head[6] & 0x1f) || head[7]) return 0;
		at = (head[0] & 15) * 4;
		kind = head[9];
	} else {
		at = 40;
		kind = head[6];
	}
	u8 ports[14];
	*protocol = kind;
	if (kind == UDP) {
		if (skb_load(skb, at, ports, 8)) return 0;
		if (ports[2] != 0 || ports[3] != DNS_PORT) return 0;
		return at + 8;
	}
	if (kind == TCP) {
		if (skb_load(skb, at, ports, sizeof(ports))) return 0;
		if (ports[2] != 0 || ports[3] != DNS_PORT) return 0;
		/* Two bytes of length come before the message. */
		return at + (ports[12] >> 4) * 4 + 2;
	}
	return 0;
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	u32 protocol = 0, zero = 0;
	u32 at = message_offset(skb, &protocol);
	if (!at) return PASS;
	u8 header[DNS_HEADER];
	if (skb_load(skb, at, header, sizeof(header))) return PASS;
	/* A query of one question. */
	if ((header[2] & 0xf8) || header[4] || header[5] != 1) return PASS;

	struct name_scratch *s = map_lookup(&scratch, &zero);
	if (!s) return PASS;
	at += DNS_HEADER;
	u64 there = skb->len;
	if (there <= at) return PASS;
	there -= at;
	if (there > NAME_BYTES) there = NAME_BYTES;
	/* The compiler would drop what it knows already; the verifier does not know it. */
	asm volatile("" : "+r"(there));
	there &= NAME_BYTES;
	if (there == 0 || skb_load(skb, at, s->message, there)) return PASS;

	/*
	 * To the byte that ends the name. The length goes through memory, so that the verifier does not follow the next loop once for each end of
	 * this one.
	 */
	*(volatile u32 *)&s->length = 0;
	u64 left = 0;
	for (u32 i = 0; i < NAME_BYTES; i++) {
		if (i >= there) return PASS;
		u64 c = s->message[i];
		if (left > 0) {
			left--;
			continue;
		}
		if (c > 63) return PASS;
		if (c == 0) {
			*(volatile u32 *)&s->length = i;
			break;
		}
		left = c;
	}
	u64 length = *(volatile u32 *)&s->length;
	if (length == 0 || length >= NAME_BYTES) return PASS;

	for (u64 i = 0; i < NAME_BYTES; i++) {
		if (i >= length) break;
		u64 c = s->message[(length - 1 - i) & 255];
		/* Lengths are below any letter. Without a branch, which would double the verifier's paths. */
		u64 letter = c - 'A';
		c |= (((letter - 26) & ~letter) >> 63) << 5;
		s->key.name[i] = c;
	}
	s->key.bits = length * 8;
	struct rule *rule = map_lookup(&names, &s->key);
	if (!rule || rule->effect == ALLOW) return PASS;
	/*
	 * By the socket: what TCP sends again, it sends from an interrupt, in which the current task is anybody. The verifier lets nobody reckon with
	 * a socket's address, so it becomes a number by way of memory.
	 */
	*(volatile u64 *)&s->socket = (u64)skb->sk;
	struct sock *sk = (void *)*(volatile u64 *)&s->socket;
	if (!is_guarded(READ(READ(sk, __sk_common.skc_net.net), ns.inum))) return PASS;
	struct hit *h = begin_hit(HIT_NAME, rule, protocol == UDP);
	if (h) {
		h->port = DNS_PORT;
		h->protocol = protocol;
		h->name_bytes = length;
		__builtin_memcpy(h->name, s->key.name, sizeof(h->name));
		ring_submit(h, 0);
	}
	return rule->effect == DENY ? REFUSE : PASS;
}
