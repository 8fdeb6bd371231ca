# what: VFs and MTU of a card become what they were when no policy asks for it any more, once, also across a restart
# deadline: 300
record=/var/lib/nic-agent/owned/0000_01_00_0.json
card=$(device_path $pf)

four_large() {
    write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 4
mtu = 2000
TOML
}
no_policies() { echo '# nothing is asked for' >$config; }
mtu_is() { [ "$(cat /sys/class/net/$pf_name/mtu)" = "$1" ]; }
is_configured() { property_is "$card" Device State '"ok"' && has_vfs 4 && mtu_is 2000; }
is_settled() { property_is /org/nicagent1 Manager Settled true; }
# given_back VFS MTU
given_back() { has_vfs "$1" && mtu_is "$2" && [ ! -e $record ] && property_is "$card" PhysicalFunction Owned false; }

step "what was found is noted, and shown"
four_large
agent_started
wait_for 30 "the card is as configured" is_configured
contains "the record" '"num_vfs":0' "$(cat $record)"
contains "the record" '"address":"5' "$(cat $record)"
equals Owned true "$(property "$card" PhysicalFunction Owned)"
equals "Found: MTU" 1500 "$(property "$card" PhysicalFunction Found | jq .Mtu.data)"
contains "nicctl device" "found           NumVfs 0" "$(nicctl device $pf)"

step "it is not released while a policy asks for it"
contains "the refusal" 'policy "workers"' "$(refuses nicctl release $pf)"

step "a broken file takes no card out of the configuration, nor does a start with one"
journal_mark
printf '[[sriov.policy]]\nname = "workers\n' >$config
reported nic-agent.toml:2
systemctl restart nic-agent.service
wait_for 20 "it has settled" is_settled
has_vfs 4
mtu_is 2000

step "without the policy it is given back"
no_policies
wait_for 30 "no VFs, the old MTU, no record" given_back 0 1500
agent_journal | says "given back as it was found"

step "once: what others do to it then is theirs"
echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs
nicctl rescan --wait
wait_for 10 "it has settled" is_settled
has_vfs 2

step "the agent stops: nothing is given back. The policy goes meanwhile: it is given back at the start, with its two VFs"
four_large
wait_for 30 "the card is as configured" is_configured
systemctl stop nic-agent.service
no_policies
has_vfs 4
mtu_is 2000
systemctl start nic-agent.service
wait_for 30 "two VFs, the old MTU, no record" given_back 2 1500
for n in 0 1; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done

step "killed while it gives back, it goes on at the next start"
four_large
wait_for 30 "the card is as configured" is_configured
mkdir -p /run/systemd/system/nic-agent.service.d
printf '[Service]\nRestart=no\n' >/run/systemd/system/nic-agent.service.d/no-restart.conf
systemctl daemon-reload
exec {told}< <(exec udevadm monitor --kernel --subsystem-match=pci)
read -r -t 10 -u "$told" || fail "udevadm monitor says nothing"
no_policies
while read -r -t 20 -u "$told" line; do
    case $line in *"remove "*) break ;; esac
done
systemctl kill --signal=KILL nic-agent.service
exec {told}<&-
wait_for 10 "it is dead" bash -c '! systemctl is-active --quiet nic-agent.service'
systemctl reset-failed nic-agent.service
echo "killed with $(sysfs $pf/sriov_numvfs) VFs and MTU $(cat /sys/class/net/$pf_name/mtu)"
rm -r /run/systemd/system/nic-agent.service.d
systemctl daemon-reload
systemctl start nic-agent.service
wait_for 30 "two VFs, the old MTU, no record" given_back 2 1500
equals sriov_drivers_autoprobe 1 "$(sysfs $pf/sriov_drivers_autoprobe)"

step "released, it stays as it is"
four_large
wait_for 30 "the card is as configured" is_configured
printf '[agent]\nauto_apply = false\n' >$config
wait_for 10 "the plan would give it back" bash -c 'nicctl plan | grep -q "no policy asks for it any more"'
nicctl release $pf
no_policies
wait_for 10 "it has settled" is_settled
nicctl rescan --wait
has_vfs 4
mtu_is 2000
equals Owned false "$(property "$card" PhysicalFunction Owned)"
contains "a second time" "not the agent's" "$(refuses nicctl release $pf)"

step "VFs that were there before any policy get back their drivers, MTU and what the card says of them"
echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs
echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs
for n in 0 1; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
vf_0=$(vf 0) vf_1=$(vf 1)
vf_0_has_mtu() { [ "$(cat /sys/bus/pci/devices/"$vf_0"/net/*/mtu)" = "$1" ]; }
wait_for 20 "VF 0 has an interface" vf_0_has_mtu 1500
udevadm settle
ip link set "$(ls /sys/bus/pci/devices/"$vf_0"/net)" mtu 1400
echo "$vf_1" >/sys/bus/pci/drivers/igbvf/unbind
ip link set $pf_name vf 0 vlan 7 trust on
nicctl rescan --wait
write_config <<'TOML'
[[sriov.policy]]
name = "others"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 2
vlan = 100
trust = false
[[sriov.policy.group]]
vfs = "0"
device_type = "vfio-pci"
TOML
wait_for 60 "VF 0 is on vfio-pci" is_bound "$vf_0" vfio-pci
wait_for 30 "VF 1 is on igbvf" is_bound "$vf_1" igbvf
wait_for 30 "the card is ok" property_is "$card" Device State '"ok"'
vf_says 0 "vlan 100"
contains "what was found" "VF 0: driver igbvf, mtu 1400" "$(nicctl device $pf)"
equals "the VFs are the same ones" "$vf_0 $vf_1" "$(vf 0) $(vf 1)"
systemctl restart nic-agent.service
no_policies
back() { [ ! -e $record ] && is_bound "$vf_0" igbvf && is_bound "$vf_1" none && vf_0_has_mtu 1400 && vf_says 0 "vlan 7"; }
wait_for 60 "VF 0 is on igbvf with MTU 1400 and VLAN 7, VF 1 on nothing" back
vf_says 0 "trust on"
if vf_says 1 vlan; then fail "VF 1 has a VLAN: $(vf_line 1)"; fi

step "VFs that were made again since are left as they are"
write_config <<'TOML'
[[sriov.policy]]
name = "others"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 2
vlan = 100
TOML
vf_has_vlan() { vf_says 0 "vlan 100"; }
wait_for 30 "VF 0 is told" vf_has_vlan
wait_for 30 "the card is ok" property_is "$card" Device State '"ok"'
systemctl stop nic-agent.service
echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs
echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs
no_policies
systemctl start nic-agent.service
wait_for 30 "there is no record" bash -c "[ ! -e $record ]"
for n in 0 1; do if vf_says $n vlan; then fail "VF $n has a VLAN: $(vf_line $n)"; fi; done
agent_never_crashed
