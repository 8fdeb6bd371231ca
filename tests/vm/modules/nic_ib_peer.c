// SPDX-License-Identifier: GPL-2.0
// Stands in for the peer memory interface that ib_core of an out-of-tree RDMA stack has: a client that registers gets
// /sys/kernel/mm/memory_peers/<name>/version, and a second one of that name is refused.
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "nic_peer.h"

struct peer {
	struct kobject *folder;
	struct kobj_attribute version;
	char text[32];
};

static struct kobject *peers;

static ssize_t version_show(struct kobject *folder, struct kobj_attribute *attribute, char *buffer)
{
	return sysfs_emit(buffer, "%s\n", container_of(attribute, struct peer, version)->text);
}

void *ib_register_peer_memory_client(const char *name, const char *version)
{
	struct peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL);

	if (!peer)
		return NULL;
	strscpy(peer->text, version, sizeof(peer->text));
	sysfs_attr_init(&peer->version.attr);
	peer->version.attr.name = "version";
	peer->version.attr.mode = 0444;
	peer->version.show = version_show;
	peer->folder = kobject_create_and_add(name, peers);
	if (peer->folder && !sysfs_create_file(peer->folder, &peer->version.attr))
		return peer;
	kobject_put(peer->folder);
	kfree(peer);
	return NULL;
}
EXPORT_SYMBOL_GPL(ib_register_peer_memory_client);

void ib_unregister_peer_memory_client(void *client)
{
	struct peer *peer = client;

	kobject_put(peer->folder);
	kfree(peer);
}
EXPORT_SYMBOL_GPL(ib_unregister_peer_memory_client);

/* /sys/kernel/mm, which newer kernels do not export; a folder of sysfs knows whose it is. */
static int __init nic_ib_peer_init(void)
{
	struct kernfs_node *mm = kernfs_find_and_get(kernel_kobj->sd, "mm");

	if (!mm)
		return -ENOENT;
	peers = kobject_create_and_add("memory_peers", mm->priv);
	kernfs_put(mm);
	return peers ? 0 : -ENOMEM;
}
module_init(nic_ib_peer_init);

static void __exit nic_ib_peer_exit(void)
{
	kobject_put(peers);
}
module_exit(nic_ib_peer_exit);

MODULE_DESCRIPTION("Stand-in for ib_core's peer memory interface");
MODULE_LICENSE("GPL");
