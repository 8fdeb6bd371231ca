/* SPDX-License-Identifier: GPL-2.0 */
/* What the stand-ins for ib_core, the NVIDIA driver and its peer memory module have in common. */
#ifndef NIC_PEER_H
#define NIC_PEER_H

#define NIC_NVIDIA_VERSION "570.86.15"

void *ib_register_peer_memory_client(const char *name, const char *version);
void ib_unregister_peer_memory_client(void *client);

/* Another release of the driver takes something else, which gives its symbol another version. */
#ifdef NIC_OTHER_NVIDIA
int nvidia_p2p_get_pages(unsigned long address, int flags);
#else
int nvidia_p2p_get_pages(unsigned long address);
#endif

#endif
