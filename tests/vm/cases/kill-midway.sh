# what: SIGKILL in the middle of creating VFs; the next start converges
write_config <<'TOML'
[[sriov.policy]]
name = "all-of-it"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 7
[[sriov.policy.group]]
vfs = "0-3"
device_type = "vfio-pci"
TOML
# Restarting is done by hand, so that what the kill left behind can be looked at.
mkdir -p /run/systemd/system/nic-agent.service.d
printf '[Service]\nRestart=no\n' >/run/systemd/system/nic-agent.service.d/no-restart.conf
systemctl daemon-reload

# killed_at EVENT: starts the agent and kills it when the kernel tells of EVENT on the PCI bus.
killed_at() {
    local told
    exec {told}< <(exec udevadm monitor --kernel --subsystem-match=pci)
    read -r -t 10 -u "$told" || fail "udevadm monitor says nothing"
    systemctl enable nic-agent.service
    systemctl start --no-block nic-agent.service
    while read -r -t 20 -u "$told" line; do
        case $line in *$1*)
            systemctl kill --signal=KILL nic-agent.service
            exec {told}<&-
            echo "killed at: $line; $(sysfs $pf/sriov_numvfs) VFs, autoprobe $(sysfs $pf/sriov_drivers_autoprobe)"
            return
            ;;
        esac
    done
    fail "the kernel never told of '$1'"
}

for event in "add " "bind "; do
    step "killed at the first '$event'"
    killed_at "$event"
    wait_for 10 "it is dead" bash -c '! systemctl is-active --quiet nic-agent.service'
    systemctl reset-failed nic-agent.service
    step "started again"
    systemctl start nic-agent.service
    wait_for 30 "seven VFs" has_vfs 7
    for n in 0 1 2 3; do wait_for 20 "VF $n is on vfio-pci" is_bound "$(vf $n)" vfio-pci; done
    for n in 4 5 6; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
    wait_for 10 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
    equals sriov_drivers_autoprobe 1 "$(sysfs $pf/sriov_drivers_autoprobe)"
    systemctl stop nic-agent.service
    echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs
    udevadm settle
done
