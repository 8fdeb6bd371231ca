# what: what a container is told for a VF on vfio-pci and for a share of a soft-RoCE device are nodes that are there
write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 2
device_type = "vfio-pci"
[kernel_modules]
required = ["ib_uverbs", "rdma_ucm"]
[[resource]]
name = "example.com/vfs"
kind = "exclusive"
selectors = { drivers = ["vfio-pci"], vendors = ["8086"] }
pre_start = true
[[resource]]
name = "example.com/rdma"
kind = "shared"
rdma_hca_max = 10
selectors = { if_names = ["enp1s0"] }
permissions = "rw"
TOML
modprobe rdma_rxe
ip link set $pf_name up
rdma link add rxe0 type rxe netdev $pf_name
kubelet_started
agent_started
wait_for 30 "the VFs" kubelet_has example.com/vfs 2
wait_for 20 "the shared resource" kubelet_has example.com/rdma 10
given=$(vf 1)
group=$(basename "$(readlink "/sys/bus/pci/devices/$given/iommu_group")")
answer() { last_allocation | jq -r "$1"; }

step "a VF comes with VFIO's container and its own group"
allocate example.com/vfs "$given"
wait_for 10 "an answer" allocations_are 1
equals "the nodes" "/dev/vfio/vfio /dev/vfio/$group" "$(answer '[.response[0].devices[].host_path] | join(" ")')"
equals "what may be done with them" "rw" "$(answer '[.response[0].devices[].permissions] | unique | join(" ")')"
for node in /dev/vfio/vfio "/dev/vfio/$group"; do test -c "$node"; done
equals "the environment" "$given" "$(answer '.response[0].envs.PCIDEVICE_EXAMPLE_COM_VFS')"
equals "its details" "{\"$given\":{\"generic\":{\"deviceID\":\"$given\"},\"vfio\":{\"dev-mount\":\"/dev/vfio/$group\",\"mount\":\"/dev/vfio/vfio\"}}}" \
    "$(answer '.response[0].envs.PCIDEVICE_EXAMPLE_COM_VFS_INFO')"

step "a share comes with the device's nodes"
allocate example.com/rdma 3
wait_for 10 "an answer" allocations_are 2
uverbs=/dev/infiniband/$(basename /sys/class/infiniband_verbs/uverbs*)
contains "the nodes" "$uverbs" "$(answer '[.response[0].devices[].host_path] | join(" ")')"
contains "the nodes" /dev/infiniband/rdma_cm "$(answer '[.response[0].devices[].host_path] | join(" ")')"
equals "what may be done with them" "rw" "$(answer '[.response[0].devices[].permissions] | unique | join(" ")')"
equals "the environment" "{}" "$(answer '.response[0].envs')"
test -c "$uverbs"

step "a node that is another device's is not handed out, and is named"
refused() { jq -r --arg resource "$1" 'select(.event == "error" and .resource == $resource) | .text' /run/kubelet.events | says "$2"; }
mv "$uverbs" /run/uverbs.kept
mknod "$uverbs" c 1 3
allocate example.com/rdma 4
wait_for 10 "a refusal that names it" refused example.com/rdma "$uverbs"
rm "$uverbs"
mv /run/uverbs.kept "$uverbs"

step "a device that is not there is refused, and the list told again"
lists() { jq -c 'select(.event == "devices" and .resource == "example.com/vfs")' /run/kubelet.events | wc -l; }
lists_are_more_than() { [ "$(lists)" -gt "$1" ]; }
before=$(lists)
allocate example.com/vfs 0000:ff:1f.7
wait_for 10 "a refusal" refused example.com/vfs "no such device"
wait_for 10 "the list, once more" lists_are_more_than "$before"
agent_never_crashed
