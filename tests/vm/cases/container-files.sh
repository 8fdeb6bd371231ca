# what: device information and CDI specifications are written, outlive the agent, follow the machine, and go with the pod
write_config <<'TOML'
[kubelet]
cdi = "field"
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
[[resource]]
name = "example.com/rdma"
kind = "shared"
rdma_hca_max = 10
selectors = { if_names = ["enp1s0"] }
TOML
modprobe rdma_rxe
ip link set $pf_name up
rdma link add rxe0 type rxe netdev $pf_name
mkdir -p /run/cdi
echo 'kind: nvidia.com/gpu' >/run/cdi/nvidia.com-gpu.yaml
kubelet_started
agent_started
wait_for 30 "the VFs" kubelet_has example.com/vfs 2
wait_for 20 "the shared resource" kubelet_has example.com/rdma 10
given=$(vf 0)
vfs=/run/cdi/nic-agent-example.com_vfs.json
rdma=/run/cdi/nic-agent-example.com_rdma.json
info=/run/k8s.cni.cncf.io/devinfo/dp/example.com-vfs-$given-device.json

lacks_files() { for file in "$@"; do [ ! -e "$file" ] || return 1; done; }
rescan_removes() { nicctl rescan --wait && [ ! -e "$1" ]; }

step "there is a specification of every resource"
wait_for 10 "that of the VFs" test -s $vfs
wait_for 10 "that of the RDMA device" test -s $rdma
equals "its kind" example.com/vfs "$(jq -r .kind $vfs)"
equals "its devices" "$(vf 0) $(vf 1)" "$(jq -r '[.devices[].name] | sort | join(" ")' $vfs)"
group=$(basename "$(readlink "/sys/bus/pci/devices/$given/iommu_group")")
equals "the nodes of a VF" "/dev/vfio/vfio /dev/vfio/$group" \
    "$(jq -r --arg name "$given" '[.devices[] | select(.name == $name) | .containerEdits.deviceNodes[].hostPath] | join(" ")' $vfs)"

step "Allocate names its devices and keeps their information"
allocate example.com/vfs "$given"
wait_for 10 "an answer" allocations_are 1
equals "the device" "example.com/vfs=$given" "$(last_allocation | jq -r '.response[0].cdi_devices[0]')"
equals "nodes beside it" 0 "$(last_allocation | jq '.response[0].devices | length')"
equals "the information" "{\"type\":\"pci\",\"version\":\"1.1.0\",\"pci\":{\"pci-address\":\"$given\"}}" "$(cat "$info")"
equals "its mode" 444 "$(stat -c %a "$info")"

step "they outlive the agent"
systemctl stop nic-agent.service
test -s $vfs
test -s "$info"
systemctl start nic-agent.service
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
nicctl rescan --wait
test -s $vfs
test -s "$info"

step "the RDMA device is made anew, and the specification follows"
rdma link delete rxe0
wait_for 10 "that of the RDMA device is gone" lacks_files $rdma
rdma link add rxe0 type rxe netdev $pf_name
wait_for 10 "it is there again" grep -q uverbs $rdma
contains "the nodes" "/dev/infiniband/$(basename /sys/class/infiniband_verbs/uverbs*)" "$(cat $rdma)"

step "the pod is over: its information goes, the specification stays"
touch -d '2 minutes ago' /var/lib/nic-agent/given/* # what was just given is not collected: the kubelet may not list it yet
echo "release example.com/vfs $given" >/run/kubelet.commands
wait_for 20 "the information is gone" rescan_removes "$info"
test -s $vfs

step "a resource goes with its specification, and others' files stay"
printf '[kubelet]\ncdi = "field"\n' | write_config
systemctl reload nic-agent.service
wait_for 10 "both are gone" lacks_files $vfs $rdma
equals "somebody else's" "kind: nvidia.com/gpu" "$(cat /run/cdi/nvidia.com-gpu.yaml)"
agent_never_crashed
