/* SPDX-License-Identifier: Apache-2.0 */
#include "os/netif.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "os/fd.h"
#include "os/internal.h"

int netif_loopback_up(void)
{
	scoped_fd int fd = result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq q = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return fd < 0 ? fd : result(ioctl(fd, SIOCSIFFLAGS, &q));
}

bool netif_name_is_valid(const char *name, bool template)
{
	const char *percent = strchr(name, '%');
	size_t n = strlen(name);

	if (n == 0 || n >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '/' || name[i] == ':' || isspace((unsigned char)name[i]))
			return false;
	return !percent || (template && percent[1] == 'd' && !strchr(percent + 1, '%'));
}
