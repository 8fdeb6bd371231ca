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
agent_never_crashed
