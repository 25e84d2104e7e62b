/* refuse WHAT PROGRAM ARGS...: run a program in a sandbox that refuses one thing, like an old
 * kernel (EINVAL, ENOSYS) or a strict one (EPERM) would. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct rule {
	const char *what;
	unsigned nr, mask, error; /* refused if any bit of the mask is set in argument 0; 0: always */
} rules[] = {
	{ "clone", SYS_clone, 0x4000 /* CLONE_VFORK */, EPERM },
	{ "memfd_create", SYS_memfd_create, 0, ENOSYS },
	{ "execveat", SYS_execveat, 0, EACCES },
	{ "close_range", SYS_close_range, 0, ENOSYS },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof rules / sizeof *rules; i++) {
		const struct rule *r = &rules[i];
		if (strcmp(argv[1], r->what))
			continue;
		struct sock_filter filter[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, r->mask ? 3 : 1),
			r->mask ? (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							       offsetof(struct seccomp_data, args[0]))
				: (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | r->error),
			r->mask ? (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, r->mask, 0, 1)
				: (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | r->error),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
			return 77;
		execv(argv[2], argv + 2);
		return 78;
	}
	return 2;
}
