# what: igb and rdma_rxe are unloaded and loaded anew, and VFs, their settings, interfaces, addresses, routes, VLANs and RDMA devices are as before
# deadline: 300
write_config <<'END'
[kernel_modules]
required = ["ib_uverbs"]
ready_file = "/run/nic-agent/driver-ready"
END
modprobe -a rdma_rxe 8021q vfio-pci

step "a card as somebody has set it up by hand"
echo 3 >/sys/bus/pci/devices/$pf/sriov_numvfs
for n in 0 1 2; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
ip link set $pf_name up mtu 4000
ip link set $pf_name vf 0 mac 02:00:00:00:00:10
ip link set $pf_name vf 1 mac 02:00:00:00:00:11 vlan 7 qos 3
ip link set $pf_name vf 1 spoofchk off
ip link set $pf_name vf 2 trust on
# The driver of a VF takes the address that the PF has for it when it binds.
for n in 0 1; do
    echo "$(vf $n)" >/sys/bus/pci/drivers/igbvf/unbind
    echo "$(vf $n)" >/sys/bus/pci/drivers/igbvf/bind
    wait_for 10 "VF $n has its interface" test -d "/sys/bus/pci/devices/$(vf $n)/net"
done
of_vf=$(ls "/sys/bus/pci/devices/$(vf 0)/net")
ip link set "$of_vf" down
ip link set "$of_vf" name storage0
ip link set storage0 up mtu 1400
ip address add 198.51.100.1/24 dev storage0
echo vfio-pci >"/sys/bus/pci/devices/$(vf 2)/driver_override"
echo "$(vf 2)" >/sys/bus/pci/drivers/igbvf/unbind
echo "$(vf 2)" >/sys/bus/pci/drivers_probe
wait_for 10 "VF 2 is on vfio-pci" is_bound "$(vf 2)" vfio-pci
ip address add 192.0.2.1/24 dev $pf_name
ip address add 2001:db8::1/64 dev $pf_name nodad
ip route add 203.0.113.0/24 via 192.0.2.254 metric 70
ip link add link $pf_name name $pf_name.100 type vlan id 100
ip link set $pf_name.100 up
ip address add 10.100.0.1/24 dev $pf_name.100
ip route add 10.200.0.0/16 via 10.100.0.254 dev $pf_name.100
rdma link add soft0 type rxe netdev $pf_name

# Everything that a reload may not change: no index, and no state of the link.
card() {
    local n
    ip -o -d link show $pf_name | grep -o 'mtu [0-9]*'
    for n in 0 1 2; do
        echo "$(vf $n) on $(driver_of "$(vf $n)"), override $(sysfs "$(vf $n)/driver_override")"
        vf_line $n
    done
    sysfs $pf/sriov_drivers_autoprobe
    ip -j address show | jq -cS '.[] | select(.ifname | test("'$pf_name'|storage0")) |
        [.ifname, .address, .mtu, (.flags | contains(["UP"])), ([.addr_info[] | select(.scope == "global") | .local] | sort)]' | sort
    ip -d -j link show $pf_name.100 | jq -c '.[0] | [.link, .linkinfo.info_data.id]'
    ip -4 route show | sed 's/ linkdown//' | grep -E "$pf_name|storage0" | sort
    rdma link | sed 's/ state .* netdev/ netdev/' | sed 's/^[0-9]*: //'
}
card_is_as_before() { diff <(echo "$before") <(card) >/host/out/card.diff; }
agent_started
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
wait_for 20 "the drivers are ready" test -e /run/nic-agent/driver-ready
before=$(card)
echo "$before"

step "the plan says what goes and what comes back, and does nothing"
journal_mark
plan=$(nicctl reload-drivers --plan igb)
echo "$plan"
contains "the plan" "Unload: igb" "$plan"
contains "the plan" $pf "$plan"
contains "the plan" "Interfaces that go and come back: $pf_name" "$plan"
contains "the plan" "RDMA devices that go and come back: soft0" "$plan"
contains "the plan" "Nothing stands in the way." "$plan"
equals "the card" "$before" "$(card)"

step "a program that has the RDMA device open stands in the way"
nodes=(/dev/infiniband/uverbs*)
exec {held}<>"${nodes[0]}"
contains "the refusal" "has /dev/infiniband/uverbs" "$(refuses nicctl reload-drivers igb)"
exec {held}>&-
equals "the card" "$before" "$(card)"

step "a virtual machine's function stands in the way whatever is forced"
exec {held}<>"/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$(vf 2)/iommu_group")")"
nicctl rescan --wait
contains "the refusal" "is held open by" "$(refuses nicctl reload-drivers --force igb)"
exec {held}>&-
nicctl rescan --wait

step "the card's driver is loaded anew, and all is as before"
index=$(cat /sys/class/net/$pf_name/ifindex)
nicctl reload-drivers --wait igb
[ "$(cat /sys/class/net/$pf_name/ifindex)" != "$index" ] || fail "igb was not reloaded"
wait_for 20 "the card is as before" card_is_as_before
[ ! -e /var/lib/nic-agent/reload.json ] || fail "the record has stayed"
wait_for 20 "the drivers are ready again" test -e /run/nic-agent/driver-ready
contains "the journal" "the drivers are loaded anew" "$(agent_journal)"

step "so is soft RoCE's"
nicctl reload-drivers --wait rdma_rxe
wait_for 20 "the card is as before" card_is_as_before

step "an agent that dies while the driver is away goes on when it starts again"
program=$(agent_program)
systemctl stop nic-agent.service
# Who asks for its name on the bus would have another one started.
systemctl mask --quiet --runtime nic-agent.service
strace -f -qq -o /run/dies.trace -e trace=finit_module,init_module -e inject=finit_module,init_module:signal=KILL:when=1 "$program" >/dev/null 2>&1 &
tracer=$!
wait_for 30 "the agent answers" nicctl devices
# It may die before it has answered.
reload_begins() { nicctl reload-drivers igb || [ ! -d /proc/$tracer ]; }
wait_for 60 "it takes the job" reload_begins
wait_for 60 "it has died" test ! -d /proc/$tracer
wait $tracer || true
[ -e /var/lib/nic-agent/reload.json ] || fail "nothing was noted"
[ ! -e /sys/module/igb ] || fail "igb is still there"
systemctl unmask --quiet --runtime nic-agent.service
systemctl start nic-agent.service
wait_for 60 "the card is as before" card_is_as_before
wait_for 20 "the record is gone" test ! -e /var/lib/nic-agent/reload.json
agent_never_crashed
