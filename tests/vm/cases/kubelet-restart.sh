# what: a restarted kubelet sees all resources again within a second
# alone: it holds the agent to one second
write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 4
device_type = "vfio-pci"
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
modprobe rdma_ucm
ip link set $pf_name up
rdma link add rxe0 type rxe netdev $pf_name
agent_started

step "no kubelet yet: the agent says so and works on"
wait_for 20 "four VFs" has_vfs 4
kubelet_started
wait_for 20 "the VFs" kubelet_has example.com/vfs 4
wait_for 20 "the shared resource" kubelet_has example.com/rdma 10

# The second is counted from when the kubelet listens: its own start, under emulation, takes as long.
for round in 1 2 3; do
    step "restart $round"
    kubelet_stopped
    kubelet_started
    wait_for 10 "the stand-in listens" kubelet_listens
    wait_for 1 "the VFs" kubelet_has example.com/vfs 4
    wait_for 1 "the shared resource" kubelet_has example.com/rdma 10
done

step "a kubelet that wipes its folder, as kubelets do"
kubelet_stopped
rm -rf /var/lib/kubelet/plugins_registry /var/lib/kubelet/device-plugins
kubelet_started
wait_for 5 "the VFs" kubelet_has example.com/vfs 4
wait_for 5 "the shared resource" kubelet_has example.com/rdma 10

step "an old kubelet, which knows only Register"
kubelet_stopped
rm -rf /var/lib/kubelet/plugins_registry /var/lib/kubelet/device-plugins
kubelet_started --legacy
wait_for 5 "the VFs" kubelet_has example.com/vfs 4
agent_never_crashed
