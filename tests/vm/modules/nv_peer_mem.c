// SPDX-License-Identifier: GPL-2.0
// Stands in for the module that registers GPU memory with ib_core. NIC_PEER_STUB: built where the headers of the RDMA stack
// were missing, as the real one then is: it answers EINVAL and says nothing.
#include <linux/module.h>

#include "nic_peer.h"

static void *client;

static int __init nv_peer_mem_init(void)
{
#ifdef NIC_PEER_STUB
	return nvidia_p2p_get_pages(0) ? -EINVAL : 0;
#else
	if (nvidia_p2p_get_pages(0) != -ENODEV)
		return -EINVAL;
	client = ib_register_peer_memory_client("nv_mem", "1.3-0");
	return client ? 0 : -EINVAL;
#endif
}
module_init(nv_peer_mem_init);

static void __exit nv_peer_mem_exit(void)
{
#ifndef NIC_PEER_STUB
	ib_unregister_peer_memory_client(client);
#endif
}
module_exit(nv_peer_mem_exit);

MODULE_DESCRIPTION("Stand-in for nv_peer_mem, the older module of a package of its own");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.3-0");
