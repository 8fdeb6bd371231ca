// SPDX-License-Identifier: GPL-2.0
// Stands in for the NVIDIA driver: a version, and a symbol that its peer memory module needs.
#include <linux/module.h>

#include "nic_peer.h"

#ifdef NIC_OTHER_NVIDIA
int nvidia_p2p_get_pages(unsigned long address, int flags)
#else
int nvidia_p2p_get_pages(unsigned long address)
#endif
{
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(nvidia_p2p_get_pages);

static int __init nvidia_init(void)
{
	return 0;
}
module_init(nvidia_init);

static void __exit nvidia_exit(void)
{
}
module_exit(nvidia_exit);

MODULE_DESCRIPTION("Stand-in for the NVIDIA driver");
MODULE_LICENSE("GPL");
MODULE_VERSION(NIC_NVIDIA_VERSION);
