# what: soft RoCE gives a working RDMA device with character devices
# node: bare
modprobe rdma_rxe
ip link set "$pf_name" up
rdma link add rxe0 type rxe netdev "$pf_name"
udevadm wait --timeout=10 /dev/infiniband/uverbs0
modprobe rdma_ucm
udevadm wait --timeout=10 /dev/infiniband/rdma_cm
contains "rdma link" "netdev $pf_name" "$(rdma link)"
wait_for 10 "the port is active" bash -c 'ibv_devinfo | grep -q PORT_ACTIVE'
rdma link delete rxe0
udevadm wait --timeout=10 --removed /dev/infiniband/uverbs0
