// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The kernel half of the Linux sensor: process fork, exec and exit, and TCP state changes, written to one ring buffer. It only watches.
 *
 * Hooks are BTF tracepoints, which need neither kprobes nor trampolines and have had these arguments since Linux 5.10.
 * The records below are read by agent/src/sensor/bpf-records.ts; the two files change together.
 */
#include "kernel-types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PATH_BYTES 4096
#define ARGUMENT_BYTES 8192
#define NAME_BYTES 256
#define COMPONENTS 48

enum { FORK = 1, EXEC = 2, EXIT = 3, TCP = 4 };
enum { DROPPED_PROCESS = 0, DROPPED_NETWORK = 1 };
enum { SCOPE_SYSTEM = 0, SCOPE_CGROUP = 1, SCOPE_NETNS = 2 };
enum { PATH_CUT = 1, CWD_CUT = 2, ARGUMENTS_CUT = 4, FILE_UNLINKED = 8 };
enum { ESTABLISHED = 1, SYN_SENT = 2, SYN_RECV = 3, CLOSE = 7, LISTEN = 10 };

struct process {
	u32 type, size;
	u64 time, start, parent_start;
	u32 pid, parent_pid, uid, gid, euid, loginuid, session, netns;
	u64 cgroup;
	char comm[16];
};

struct exec_record {
	struct process process;
	u64 inode, file_size;
	s64 mtime_sec, ctime_sec;
	u32 mtime_nsec, ctime_nsec, device, mode, flags;
	u32 path_bytes, cwd_bytes, argument_bytes, argument_total;
	char tty[12];
	/* Names of the executable's path, leaf first, each ended by NUL; then the working directory likewise; then the arguments. */
	char data[PATH_BYTES + ARGUMENT_BYTES];
};

struct exit_record {
	u32 type, size;
	u64 time, start;
	u32 pid, code;
};

struct tcp_record {
	u32 type, size;
	u64 time, owner_start;
	u32 owner_pid, owner_uid, netns, error;
	u16 family, local_port, remote_port;
	u8 old_state, new_state;
	u8 local[16], remote[16];
	char comm[16];
};

struct owner {
	u64 start;
	u32 pid, uid;
	char comm[16];
};

/* Which events are wanted. `witness` is a process whose own and children's events pass whatever the scope: the self-test's. */
struct settings {
	u32 scope, level;
	u64 cgroup;
	u32 netns, witness;
};

struct { NUMBER(type, MAP_RINGBUF); NUMBER(max_entries, 8 << 20); } ring SEC(".maps");
struct { NUMBER(type, MAP_PERCPU_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct exec_record); } scratch SEC(".maps");
struct { NUMBER(type, MAP_ARRAY); NUMBER(max_entries, 2); TYPE(key, u32); TYPE(value, u64); } dropped SEC(".maps");
struct { NUMBER(type, MAP_ARRAY); NUMBER(max_entries, 1); TYPE(key, u32); TYPE(value, struct settings); } settings SEC(".maps");
/* Who began to connect, or to listen, on a socket: later state changes happen in interrupts, where the current task means nothing. */
struct { NUMBER(type, MAP_LRU_HASH); NUMBER(max_entries, 65536); TYPE(key, u64); TYPE(value, struct owner); } owners SEC(".maps");

INLINE void count_dropped(u32 kind)
{
	u64 *count = map_lookup(&dropped, &kind);
	if (count) __sync_fetch_and_add(count, 1);
}

INLINE u32 task_netns(struct task_struct *task)
{
	struct nsproxy *namespaces = READ(task, nsproxy);
	return namespaces ? READ(READ(namespaces, net_ns), ns.inum) : 0;
}

INLINE bool wanted(u32 netns, u32 pid, u32 parent)
{
	u32 zero = 0;
	struct settings *s = map_lookup(&settings, &zero);
	if (!s) return 0;
	if (s->scope == SCOPE_SYSTEM) return 1;
	if (s->witness && (pid == s->witness || parent == s->witness)) return 1;
	if (s->scope == SCOPE_NETNS) return netns == s->netns;
	return current_ancestor_cgroup_id(s->level) == s->cgroup;
}

INLINE void describe(struct process *p, u32 type, struct task_struct *task)
{
	struct task_struct *parent = READ(task, real_parent);
	const struct cred *cred = READ(task, cred);
	p->type = type;
	p->size = sizeof(*p);
	p->time = boot_ns();
	p->start = READ(READ(task, group_leader), start_boottime);
	p->parent_start = READ(READ(parent, group_leader), start_boottime);
	p->pid = READ(task, tgid);
	p->parent_pid = READ(parent, tgid);
	p->uid = READ(cred, uid.val);
	p->gid = READ(cred, gid.val);
	p->euid = READ(cred, euid.val);
	p->loginuid = FIELD_EXISTS(task, loginuid) ? READ(task, loginuid.val) : (u32)-1;
	p->session = FIELD_EXISTS(task, sessionid) ? READ(task, sessionid) : (u32)-1;
	p->netns = task_netns(task);
	p->cgroup = current_cgroup_id();
	read_kernel_string(p->comm, sizeof(p->comm), ADDRESS(task, comm));
}

/*
 * Appends a path's names, leaf first, at `offset` of the scratch record and returns the offset after them; the top bit says the path was
 * cut. A global function, so that the verifier checks it once rather than at both calls: inlined twice it is over the limit.
 */
NOINLINE u32 append_path(u64 dentry_address, u64 mount_address, u32 offset)
{
	u32 zero = 0;
	struct exec_record *e = map_lookup(&scratch, &zero);
	if (!e) return offset;
	struct dentry *entry = (void *)dentry_address;
	struct mount *mount = (void *)(mount_address - FIELD_OFFSET(struct mount, mnt));
	for (int i = 0; i < COMPONENTS; i++) {
		struct dentry *parent = READ(entry, d_parent);
		bool at_root = entry == READ(mount, mnt.mnt_root);
		if (at_root) {
			struct mount *above = READ(mount, mnt_parent);
			if (above == mount) return offset;
			entry = READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		if (offset > PATH_BYTES - NAME_BYTES) break;
		offset &= PATH_BYTES - 1;
		long n = read_kernel_string(&e->data[offset], NAME_BYTES, READ(entry, d_name.name));
		if (n <= 0) break;
		offset += n;
		/* Its own parent but no mount's root: a file that never had a directory (memfd), or one outside every mount. */
		if (entry == parent) return offset;
		entry = parent;
	}
	return offset | 0x80000000;
}

INLINE void describe_file(struct exec_record *e, struct file *file)
{
	struct inode *inode = READ(file, f_inode);
	e->inode = READ(inode, i_ino);
	e->file_size = READ(inode, i_size);
	e->device = READ(READ(inode, i_sb), s_dev);
	e->mode = READ(inode, i_mode);
	e->flags = READ(inode, i_nlink) ? 0 : FILE_UNLINKED;
	e->mtime_sec = e->ctime_sec = 0;
	e->mtime_nsec = e->ctime_nsec = 0;

	struct inode___plain *plain = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;
	if (FIELD_EXISTS(inode, i_mtime_sec)) {
		e->mtime_sec = READ(inode, i_mtime_sec);
		e->mtime_nsec = READ(inode, i_mtime_nsec);
	} else if (FIELD_EXISTS(hidden, __i_mtime)) {
		e->mtime_sec = READ(hidden, __i_mtime.tv_sec);
		e->mtime_nsec = READ(hidden, __i_mtime.tv_nsec);
	} else if (FIELD_EXISTS(plain, i_mtime)) {
		e->mtime_sec = READ(plain, i_mtime.tv_sec);
		e->mtime_nsec = READ(plain, i_mtime.tv_nsec);
	}
	if (FIELD_EXISTS(inode, i_ctime_sec)) {
		e->ctime_sec = READ(inode, i_ctime_sec);
		e->ctime_nsec = READ(inode, i_ctime_nsec);
	} else if (FIELD_EXISTS(hidden, __i_ctime)) {
		e->ctime_sec = READ(hidden, __i_ctime.tv_sec);
		e->ctime_nsec = READ(hidden, __i_ctime.tv_nsec);
	} else if (FIELD_EXISTS(plain, i_ctime)) {
		e->ctime_sec = READ(plain, i_ctime.tv_sec);
		e->ctime_nsec = READ(plain, i_ctime.tv_nsec);
	}
}

SEC("tp_btf/sched_process_exec")
int on_exec(u64 *context)
{
	struct task_struct *task = (void *)context[0];
	struct linux_binprm *binary = (void *)context[2];
	u32 zero = 0;
	struct exec_record *e = map_lookup(&scratch, &zero);
	if (!e) return 0;
	describe(&e->process, EXEC, task);
	if (!wanted(e->process.netns, e->process.pid, e->process.parent_pid)) return 0;

	struct file *file = READ(binary, file);
	describe_file(e, file);

	u32 end = append_path((u64)READ(file, f_path.dentry), (u64)READ(file, f_path.mnt), 0);
	if (end & 0x80000000) e->flags |= PATH_CUT;
	end &= PATH_BYTES - 1;
	e->path_bytes = end;

	struct fs_struct *fs = READ(task, fs);
	u32 cwd_end = append_path((u64)READ(fs, pwd.dentry), (u64)READ(fs, pwd.mnt), end);
	if (cwd_end & 0x80000000) e->flags |= CWD_CUT;
	cwd_end &= PATH_BYTES - 1;
	e->cwd_bytes = cwd_end - end;

	struct mm_struct *mm = READ(task, mm);
	u64 from = READ(mm, arg_start), total = READ(mm, arg_end) - from;
	u64 bytes = total;
	if (bytes > ARGUMENT_BYTES - 1) {
		bytes = ARGUMENT_BYTES - 1;
		e->flags |= ARGUMENTS_CUT;
	}
	bytes &= ARGUMENT_BYTES - 1;
	if (read_user(&e->data[cwd_end], bytes, (void *)from)) {
		bytes = 0;
		e->flags |= ARGUMENTS_CUT;
	}
	e->argument_bytes = bytes;
	e->argument_total = total;

	e->tty[0] = 0;
	struct tty_struct *tty = READ(READ(task, signal), tty);
	if (tty) read_kernel_string(e->tty, sizeof(e->tty), ADDRESS(tty, name));

	u64 size = sizeof(*e) - sizeof(e->data) + cwd_end + bytes;
	if (size > sizeof(*e)) size = sizeof(*e);
	e->process.size = size;
	if (ring_output(&ring, e, size, 0)) count_dropped(DROPPED_PROCESS);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int on_fork(u64 *context)
{
	struct task_struct *child = (void *)context[1];
	if (READ(child, pid) != READ(child, tgid)) return 0; /* a thread */
	struct process p = {};
	describe(&p, FORK, child);
	if (!wanted(p.netns, p.pid, p.parent_pid)) return 0;
	if (ring_output(&ring, &p, sizeof(p), 0)) count_dropped(DROPPED_PROCESS);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(u64 *context)
{
	struct task_struct *task = (void *)context[0];
	/* A process ends with its last thread, which need not be its first. */
	if (READ(READ(task, signal), live.counter) != 0) return 0;
	u32 pid = READ(task, tgid);
	if (!wanted(task_netns(task), pid, READ(READ(task, real_parent), tgid))) return 0;
	struct exit_record e = {};
	e.type = EXIT;
	e.size = sizeof(e);
	e.time = boot_ns();
	e.start = READ(READ(task, group_leader), start_boottime);
	e.pid = pid;
	e.code = READ(task, exit_code);
	if (ring_output(&ring, &e, sizeof(e), 0)) count_dropped(DROPPED_PROCESS);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int on_tcp_state(u64 *context)
{
	struct sock *sk = (void *)context[0];
	int old_state = (int)context[1], new_state = (int)context[2];
	if (READ(sk, sk_protocol) != 6) return 0;
	bool begins = new_state == SYN_SENT || new_state == LISTEN;
	bool connected = new_state == ESTABLISHED && (old_state == SYN_SENT || old_state == SYN_RECV);
	bool ends = new_state == CLOSE;
	if (!begins && !connected && !ends) return 0;

	u64 key = (u64)sk;
	u32 netns = READ(READ(sk, __sk_common.skc_net.net), ns.inum);
	if (begins) {
		struct task_struct *task = current_task();
		u32 pid = current_pid_tgid() >> 32;
		if (!wanted(netns, pid, 0)) return 0;
		struct owner o = {};
		o.start = READ(READ(task, group_leader), start_boottime);
		o.pid = pid;
		o.uid = (u32)current_uid_gid();
		current_comm(o.comm, sizeof(o.comm));
		map_update(&owners, &key, &o, 0);
		if (new_state == SYN_SENT) return 0; /* told when it succeeds or fails: only then is the local port known */
	}
	struct owner *known = map_lookup(&owners, &key);
	bool accepted = connected && old_state == SYN_RECV;
	/* An accepted socket has no owner here; the listener's is found by its port, by the reader. */
	if (!known && !accepted) return 0;
	/* Of the ends, only that of an attempt and that of a listener say something new. */
	if (ends && old_state != SYN_SENT && old_state != LISTEN) {
		map_delete(&owners, &key);
		return 0;
	}
	if (accepted) {
		u32 zero = 0;
		struct settings *s = map_lookup(&settings, &zero);
		if (!s || (s->scope == SCOPE_NETNS && s->netns != netns)) return 0;
	}

	struct tcp_record *e = ring_reserve(&ring, sizeof(*e), 0);
	if (!e) {
		count_dropped(DROPPED_NETWORK);
		if (ends) map_delete(&owners, &key);
		return 0;
	}
	e->type = TCP;
	e->size = sizeof(*e);
	e->time = boot_ns();
	e->netns = netns;
	e->error = READ(sk, sk_err);
	e->family = READ(sk, __sk_common.skc_family);
	e->local_port = READ(sk, __sk_common.skc_num);
	e->remote_port = __builtin_bswap16(READ(sk, __sk_common.skc_dport));
	e->old_state = old_state;
	e->new_state = new_state;
	e->owner_start = 0;
	e->owner_pid = e->owner_uid = 0;
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	if (known && !accepted) {
		e->owner_start = known->start;
		e->owner_pid = known->pid;
		e->owner_uid = known->uid;
		__builtin_memcpy(e->comm, known->comm, sizeof(e->comm));
	}
	__builtin_memset(e->local, 0, 32);
	if (e->family == 2) {
		read_kernel(e->local, 4, ADDRESS(sk, __sk_common.skc_rcv_saddr));
		read_kernel(e->remote, 4, ADDRESS(sk, __sk_common.skc_daddr));
	} else if (FIELD_EXISTS(sk, __sk_common.skc_v6_daddr)) {
		read_kernel(e->local, 16, ADDRESS(sk, __sk_common.skc_v6_rcv_saddr));
		read_kernel(e->remote, 16, ADDRESS(sk, __sk_common.skc_v6_daddr));
	}
	ring_submit(e, 0);
	if (ends) map_delete(&owners, &key);
	return 0;
}
