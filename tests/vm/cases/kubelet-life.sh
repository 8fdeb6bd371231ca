# what: another plugin is taken over or stood by for, an upgrade while streaming, a kubelet elsewhere and one that comes later
# deadline: 300
configuration() {
    write_config <<END
[kubelet]
root = "$1"
on_rival = "$2"
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["$pf_name"] }
num_vfs = 2
[[resource]]
name = "example.com/vf"
kind = "exclusive"
selectors = { root_devices = ["$pf"] }
END
}
resource=/org/nicagent1/resource/example_2ecom_2fvf
says_of_resource() { property_is $resource Resource "$1" "$2"; }
rival_started() {
    systemd-run --quiet --collect --unit=rival bash -c 'exec /opt/nic-tests/nic-plugin-standin /var/lib/kubelet "$@" < <(sleep infinity)' rival \
        "/var/lib/kubelet/plugins_registry/example.com_vf.sock" example.com/vf 5
}
configuration /var/lib/kubelet take-over

step "another plugin has the resource when the agent comes: it is taken over, and named"
kubelet_started --forgets-by-name
wait_for 10 "the kubelet listens" kubelet_listens
rival_started
wait_for 10 "the kubelet has the other one's" kubelet_has example.com/vf 5
agent_started
wait_for 30 "the kubelet has the VFs" kubelet_has example.com/vf 2
wait_for 5 "the rival is named" eval 'nicctl resources | says "another plugin offers it too, on /var/lib/kubelet/plugins_registry/example.com_vf.sock"'
wait_for 5 "so does the journal" journal_says "another plugin offers resource example.com/vf"

step "it goes, and takes the resource with it in a kubelet that knows plugins by name: that lasts two seconds at most"
: >/run/kubelet.events
systemctl stop rival.service
wait_for 3 "the VFs are registered again" kubelet_has example.com/vf 2
wait_for 5 "nobody else is named" says_of_resource Rival '""'

step "the package is upgraded while the kubelet follows"
cd /root
dpkg-deb -R /host/nic-agent.deb newer
sed -i 's/^Version: .*/&+upgrade/' newer/DEBIAN/control
dpkg-deb -Znone -b newer newer.deb
: >/run/kubelet.events
dpkg -i --force-confold newer.deb
wait_for 20 "the new one is followed" kubelet_has example.com/vf 2
wait_for 10 "D-Bus says so" says_of_resource KubeletState '"streaming"'
equals "sockets of the agent" 1 "$(find /var/lib/kubelet/plugins_registry -name '*nic-agent_*' | wc -l)"

step "killed, it leaves a socket behind, which the next one replaces"
: >/run/kubelet.events
systemctl kill --signal=KILL nic-agent.service
wait_for 20 "it is followed again" kubelet_has example.com/vf 2

step "standing by: nothing is offered until the other one goes, even by a kill"
systemctl stop nic-agent.service
configuration /var/lib/kubelet stand-by
rival_started
wait_for 10 "the kubelet has the other one's" kubelet_has example.com/vf 5
agent_started
wait_for 20 "the agent stands by" says_of_resource StandingBy true
kubelet_has example.com/vf 5
systemctl kill --signal=KILL rival.service
wait_for 3 "the VFs are there" kubelet_has example.com/vf 2

step "a pod is named"
given=$(vf 1)
allocate example.com/vf "$given"
wait_for 10 "nicctl names pod and container" eval "nicctl resources | says '$given is held by container app of pod default/worker-0'"

step "a kubelet with another root, whose folders come later"
kubelet_stopped
configuration /var/lib/k0s/kubelet take-over
wait_for 10 "nothing is offered" says_of_resource KubeletState '"down"'
equals "sockets left behind" "" "$(find /var/lib/kubelet -name '*nic-agent_*')"
kubelet_root=/var/lib/k0s/kubelet kubelet_started
wait_for 5 "the kubelet there has the VFs" kubelet_has example.com/vf 2

step "stopping takes less than a second and leaves no socket"
begin=${EPOCHREALTIME/./}
systemctl stop nic-agent.service
[ $((${EPOCHREALTIME/./} - begin)) -lt 3000000 ] || fail "stopping took too long, even for an emulated machine"
equals "sockets left behind" "" "$(find /var/lib/k0s/kubelet -name '*nic-agent_*')"
