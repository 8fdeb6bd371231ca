# what: real modules are loaded, verified, told from another build, refused when they should be, and the parameters compared
# deadline: 300
agent_runs_with() {
    write_config
    nicctl reload
}
modules=/lib/modules/$(uname -r)/updates
verdict() { property "/org/nicagent1/module/$1" Module Verdict; }
verdict_is() { [ "$(verdict "$1")" = "\"$2\"" ]; }
findings() { property "/org/nicagent1/module/$1" Module Findings; }
found() { findings "$1" | says "$2"; }
write_config <<'END'
[kernel_modules]
required = ["@mlx5", "@user-access"]
END
agent_started

step "the mlx5 and user access sets are loaded, and verified as what is on disk"
for module in mlx5_core mlx5_ib ib_uverbs ib_umad rdma_ucm; do
    wait_for 60 "$module is loaded" test -e "/sys/module/$module"
done
wait_for 20 "mlx5_5fcore passes" verdict_is mlx5_5fcore pass
wait_for 20 "mlx5_5fib passes" verdict_is mlx5_5fib pass
nicctl verify
equals "whose stack runs" '["inbox","inbox","",""]' "$(property /org/nicagent1 Manager RdmaStack)"
equals "the verdict" '"pass"' "$(property /org/nicagent1 Manager DriverVerdict)"

step "the stack is unloaded and loaded anew, and verified again"
loaded_at() { stat -c %i /sys/module/mlx5_core /sys/module/mlx5_ib; }
before=$(loaded_at)
nicctl reload-drivers --wait @mlx5
for module in mlx5_core mlx5_ib; do
    wait_for 20 "$module is loaded again" test -e "/sys/module/$module"
done
[ "$(loaded_at)" != "$before" ] || fail "the modules were not unloaded"
wait_for 20 "mlx5_5fib passes" verdict_is mlx5_5fib pass
nicctl verify

step "an RDMA device is opened and queried"
modprobe rdma_rxe
ip link set $pf_name up
rdma link add rxe0 type rxe netdev $pf_name
answered() { property /org/nicagent1 Manager DriverFindings | says "rxe0 answers through libibverbs"; }
wait_for 20 "rxe0 answers" answered
nicctl verify
rdma link delete rxe0

step "depmod is seen while the agent lives, and another build of the same sources told from the one that runs"
install -D -m 644 /opt/nic-modules/twin-1/nic_twin.ko "$modules/nic_twin.ko"
depmod
agent_runs_with <<'END'
[kernel_modules]
required = ["nic_twin"]
END
wait_for 20 "nic_twin is loaded" test -e /sys/module/nic_twin
wait_for 20 "nic_twin passes" verdict_is nic_5ftwin pass
equals "whose it is" '"other"' "$(property /org/nicagent1/module/nic_5ftwin Module Provider)"
install -m 644 /opt/nic-modules/twin-2/nic_twin.ko "$modules/nic_twin.ko"
depmod
wait_for 20 "the other build is told" found nic_5ftwin "built again from the same sources"
verdict_is nic_5ftwin warn || fail "the verdict is $(verdict nic_5ftwin)"

step "parameters are compared with modprobe.d by their type"
echo "options nic_twin level=0x1" >/etc/modprobe.d/nic-twin.conf
nicctl verify || true
lacks "the findings" "modprobe.d asks" "$(findings nic_5ftwin)"
echo "options nic_twin level=2" >/etc/modprobe.d/nic-twin.conf
nicctl verify || true
found nic_5ftwin "runs with level=1, but modprobe.d asks for 2" || fail "not told: $(findings nic_5ftwin)"

step "a blacklisted module and one with an install line are not loaded, and nothing is run"
rmmod nic_twin
printf 'install nic_twin /bin/touch /run/was-run\n' >/etc/modprobe.d/nic-twin.conf
nicctl rescan --wait
wait_for 20 "the install line is told" found nic_5ftwin "install command in /etc/modprobe.d/nic-twin.conf:1"
[ ! -e /run/was-run ] || fail "the install line was run"
echo 'blacklist nic_twin' >/etc/modprobe.d/nic-twin.conf
nicctl verify && fail "verify passes with a blacklisted module"
found nic_5ftwin "blacklisted by /etc/modprobe.d/nic-twin.conf:1" || fail "not told: $(findings nic_5ftwin)"
[ ! -e /sys/module/nic_twin ] || fail "a blacklisted module was loaded"

step "a version that will not do is a failure"
rm /etc/modprobe.d/nic-twin.conf
agent_runs_with <<'END'
[kernel_modules]
required = ["nic_twin"]
[[kernel_modules.version]]
name = "nic_twin"
min = "1.1"
END
wait_for 20 "the old version is told" found nic_5ftwin "nic_twin is 1.0, which is older than 1.1"
equals "the verdict" '"fail"' "$(property /org/nicagent1 Manager DriverVerdict)"

step "the ready file is there as long as the drivers are right"
mkdir -p /run/mellanox/drivers
agent_runs_with <<'END'
[kernel_modules]
required = ["ib_uverbs"]
ready_file = "/run/nic-agent/driver-ready"
END
wait_for 20 "the file is there" test -e /run/nic-agent/driver-ready
agent_runs_with <<'END'
[kernel_modules]
required = ["ib_uverbs", "no_such_module"]
ready_file = "/run/nic-agent/driver-ready"
END
wait_for 20 "the file is gone" test ! -e /run/nic-agent/driver-ready
agent_never_crashed
