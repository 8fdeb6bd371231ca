# what: dpkg -i, systemctl enable --now, active within two seconds
# alone: it holds the agent to two seconds
# node: bare+package
step "dpkg alone installs it, and nothing on the machine changes"
dpkg -i /host/nic-agent.deb
refuses systemctl is-active nic-agent.service
has_vfs 0

step "it starts, and says ready within two seconds of the machine's time"
agent_started
systemctl is-active --quiet nic-agent.service
begun=$(systemctl show -P InactiveExitTimestampMonotonic nic-agent.service)
ready=$(systemctl show -P ActiveEnterTimestampMonotonic nic-agent.service)
echo "ready after $(((ready - begun) / 1000)) ms"
[ $((ready - begun)) -le 2000000 ] || fail "it took $(((ready - begun) / 1000)) ms"
[ -n "$(systemctl show -P StatusText nic-agent.service)" ] || fail "it says nothing about itself to systemd"

step "it answers, and touches nothing without being told to"
nicctl status
nicctl devices | says $pf
has_vfs 0
agent_never_crashed
