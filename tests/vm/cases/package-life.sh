# what: install, upgrade, remove and purge, with the configuration and the VFs kept as long as they should be
# node: bare+package
# deadline: 300
dpkg -i /host/nic-agent.deb
four_vfs
echo "# mine" >>$config
agent_started
wait_for 20 "four VFs" has_vfs 4
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
pid=$(agent_pid)

step "upgrade: the same package with a higher version"
cd /root
dpkg-deb -R /host/nic-agent.deb newer
sed -i 's/^Version: .*/&+upgrade/' newer/DEBIAN/control
dpkg-deb -Znone -b newer newer.deb
dpkg -i --force-confold newer.deb
contains "the version" +upgrade "$(dpkg-query -W nic-agent)"
wait_for 20 "it runs" systemctl is-active --quiet nic-agent.service
[ "$(agent_pid)" != "$pid" ] || fail "the upgrade did not restart it"
contains "the configuration" "# mine" "$(cat $config)"
equals "VFs after the upgrade" 4 "$(sysfs $pf/sriov_numvfs)"
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
systemctl is-enabled nic-agent.service

step "remove: the service goes; the configuration and the VFs stay"
dpkg -r nic-agent
refuses systemctl is-active nic-agent.service
refuses command -v nicctl
contains "the configuration" "# mine" "$(cat $config)"
equals "VFs after removal" 4 "$(sysfs $pf/sriov_numvfs)"

step "install again: it finds what it had"
dpkg -i --force-confold /host/nic-agent.deb
contains "the configuration" "# mine" "$(cat $config)"
agent_started
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'

step "purge: nothing of it is left"
dpkg -P nic-agent
for path in /etc/nic-agent /var/lib/nic-agent /run/nic-agent; do [ ! -e "$path" ] || fail "$path is still there"; done
refuses dpkg-query -W nic-agent
refuses systemctl cat nic-agent.service
equals "VFs after purge" 4 "$(sysfs $pf/sriov_numvfs)"
