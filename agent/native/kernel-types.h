/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Only the kernel fields the sensor reads. The names are the kernel's; offsets are filled in at load time from the running kernel's own
 * type information (CO-RE), so the order and the gaps here mean nothing. Writing them out, rather than dumping a vmlinux.h, makes the
 * build the same on every machine and needs nothing but clang.
 */
#ifndef MERLON_KERNEL_TYPES_H
#define MERLON_KERNEL_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef _Bool bool;

#define RELOCATED __attribute__((preserve_access_index))

struct kuid { u32 val; } RELOCATED;
struct qstr { u32 len; const unsigned char *name; } RELOCATED;
struct ns_common { u32 inum; } RELOCATED;
struct net { struct ns_common ns; } RELOCATED;
struct nsproxy { struct net *net_ns; } RELOCATED;
struct super_block { u32 s_dev; } RELOCATED;
struct timespec64 { s64 tv_sec; long tv_nsec; } RELOCATED;

struct inode {
	u16 i_mode;
	u32 i_nlink;
	unsigned long i_ino;
	s64 i_size;
	struct super_block *i_sb;
	/* 6.11 and newer */
	s64 i_mtime_sec;
	u32 i_mtime_nsec;
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
} RELOCATED;

/* Up to 6.6 both are struct members; in 6.6 and 6.7 ctime, then mtime, moved behind underscores. */
struct inode___plain { struct timespec64 i_mtime, i_ctime; } RELOCATED;
struct inode___hidden { struct timespec64 __i_mtime, __i_ctime; } RELOCATED;

struct dentry { struct qstr d_name; struct dentry *d_parent; } RELOCATED;
struct vfsmount { struct dentry *mnt_root; } RELOCATED;
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; } RELOCATED;
struct path { struct vfsmount *mnt; struct dentry *dentry; } RELOCATED;
struct file { struct path f_path; struct inode *f_inode; } RELOCATED;
struct linux_binprm { struct file *file; } RELOCATED;
struct fs_struct { struct path pwd; } RELOCATED;
struct mm_struct { unsigned long arg_start, arg_end; } RELOCATED;
struct tty_struct { char name[64]; } RELOCATED;
struct atomic { s32 counter; } RELOCATED;
struct signal_struct { struct atomic live; struct tty_struct *tty; } RELOCATED;
struct cred { struct kuid uid, gid, euid; } RELOCATED;

struct task_struct {
	s32 pid, tgid;
	struct task_struct *real_parent, *group_leader;
	u64 start_boottime;
	s32 exit_code;
	char comm[16];
	const struct cred *cred;
	struct kuid loginuid;
	u32 sessionid;
	struct fs_struct *fs;
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct nsproxy *nsproxy;
} RELOCATED;

struct in6 { u8 bytes[16]; };
struct possible_net { struct net *net; } RELOCATED;
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num, skc_family;
	struct possible_net skc_net;
	struct in6 skc_v6_daddr, skc_v6_rcv_saddr;
} RELOCATED;
struct sock { struct sock_common __sk_common; u16 sk_protocol; s32 sk_err; } RELOCATED;

/* What a program at a cgroup's sockets is given. These two are the kernel's interface: their order is theirs. */
struct bpf_sock_addr {
	u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol, msg_src_ip4, msg_src_ip6[4];
	__attribute__((aligned(8))) void *sk;
};
struct __sk_buff {
	u32 len;
	/* Of its beginning up to `sk`. */
	u32 rest[35];
	u64 flow_keys, tstamp;
	u32 wire_len, gso_segs;
	__attribute__((aligned(8))) void *sk;
};

/* Map kinds and helpers, by their numbers in the kernel's interface. */
enum { MAP_HASH = 1, MAP_ARRAY = 2, MAP_PERCPU_ARRAY = 6, MAP_LRU_HASH = 9, MAP_LPM_TRIE = 11, MAP_RINGBUF = 27 };

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const map_delete)(void *map, const void *key) = (void *)3;
static u64 (*const current_pid_tgid)(void) = (void *)14;
static u64 (*const current_uid_gid)(void) = (void *)15;
static long (*const current_comm)(void *to, u32 size) = (void *)16;
static long (*const skb_load)(const void *skb, u32 offset, void *to, u32 size) = (void *)26;
static struct task_struct *(*const current_task)(void) = (void *)35;
static u64 (*const current_cgroup_id)(void) = (void *)80;
static long (*const read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*const read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const read_kernel_string)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*const current_ancestor_cgroup_id)(int level) = (void *)123;
static u64 (*const boot_ns)(void) = (void *)125;
static long (*const ring_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
static void *(*const ring_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*const ring_submit)(void *data, u64 flags) = (void *)132;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

/* A map is described to the loader by the types of a struct's members: an array's length carries a number. */
#define NUMBER(name, value) int(*name)[value]
#define TYPE(name, value) typeof(value) *name

/* Reads a field through a pointer the verifier does not know, at its offset in the running kernel; zero where it cannot be read. */
#define READ(pointer, field)                                                                                                   \
	({                                                                                                                     \
		__auto_type from_ = (pointer);                                                                                 \
		typeof(from_->field) value_;                                                                                   \
		read_kernel((void *)&value_, sizeof(value_), __builtin_preserve_access_index(&from_->field));                  \
		value_;                                                                                                        \
	})
#define ADDRESS(pointer, field) __builtin_preserve_access_index(&(pointer)->field)
#define FIELD_EXISTS(pointer, field) __builtin_preserve_field_info((pointer)->field, 2)
#define FIELD_OFFSET(type, field) __builtin_preserve_field_info(((type *)0)->field, 0)

#endif
