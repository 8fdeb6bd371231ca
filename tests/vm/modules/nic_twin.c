// SPDX-License-Identifier: GPL-2.0
// Built twice: the same source, and so the same srcversion, but another build and so another build id.
#include <linux/module.h>

int nic_twin_build = NIC_TWIN_BUILD;

static unsigned int level = 1;
module_param(level, uint, 0444);

static int __init nic_twin_init(void)
{
	return 0;
}
module_init(nic_twin_init);

static void __exit nic_twin_exit(void)
{
}
module_exit(nic_twin_exit);

MODULE_DESCRIPTION("Tells one build from another");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
