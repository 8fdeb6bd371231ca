# what: a soft-RoCE device makes a shared resource of 1000 come and go by events alone
write_config <<'TOML'
[kernel_modules]
required = ["ib_uverbs", "rdma_ucm"]
[[resource]]
name = "example.com/rdma"
kind = "shared"
rdma_hca_max = 1000
selectors = { if_names = ["enp1s0"] }
TOML
modprobe rdma_rxe
ip link set $pf_name up
kubelet_started
agent_started
resource=/org/nicagent1/resource/example_2ecom_2frdma
wait_for 20 "the resource is registered with nothing in it" kubelet_has example.com/rdma 0

for round in 1 2; do
    step "round $round: an RDMA device comes"
    rdma link add rxe0 type rxe netdev $pf_name
    wait_for 5 "the kubelet has 1000" kubelet_has example.com/rdma 1000
    wait_for 5 "D-Bus says so" property_is $resource Resource Healthy 1000

    step "Allocate names its character devices"
    allocate example.com/rdma 0
    wait_for 5 "an answer" allocations_are $round
    contains "the answer" "/dev/infiniband/$(basename /sys/class/infiniband_verbs/uverbs*)" "$(last_allocation)"
    contains "the answer" /dev/infiniband/rdma_cm "$(last_allocation)"

    step "and goes"
    rdma link delete rxe0
    wait_for 5 "the kubelet has 0" kubelet_has example.com/rdma 0
done
nicctl explain $pf example.com/rdma
agent_never_crashed
