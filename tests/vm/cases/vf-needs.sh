# what: need_vhost_net loads its modules; is_rdma on VFs that have no RDMA device is told, and keeps nothing else from being done
modprobe -r vhost_net tun 2>/dev/null || true
write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 2
need_vhost_net = true
[[sriov.policy.group]]
vfs = "0"
is_rdma = true
TOML
agent_started
wait_for 20 "vhost_net is loaded" test -d /sys/module/vhost_net
wait_for 20 "tun is loaded" test -d /sys/module/tun
wait_for 20 "two VFs" has_vfs 2
for n in 0 1; do wait_for 20 "VF $n is bound" is_bound "$(vf $n)" igbvf; done
wait_for 5 "the modules are wanted" property_is /org/nicagent1/module/vhost_5fnet Module Wanted true
contains "the device" "rdma: has none, should be a device" "$(nicctl device "$(vf 0)")"
wait_for 5 "the other VF is as configured" property_is "$(device_path "$(vf 1)")" Device State '"ok"'
nicctl plan | says "Nothing to do."
agent_never_crashed
