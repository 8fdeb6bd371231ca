# what: after a reboot and after a power cut everything is configured before kubelet.service would start
# deadline: 400

KUBELET = """
cat >/etc/systemd/system/kubelet.service <<'UNIT'
[Unit]
Description=What a kubelet would find when it starts
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'rm -f /root/found; { cat /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs; systemctl is-active nic-agent; } >/root/found'
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable kubelet.service
"""
CONFIGURED = """
echo "the kubelet found: $(paste -sd ' ' /root/found)"
equals "what the kubelet found" "4 active" "$(paste -sd ' ' /root/found)"
for n in 0 1; do wait_for 20 "VF $n is on vfio-pci" is_bound "$(vf $n)" vfio-pci; done
for n in 2 3; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
agent_never_crashed
"""


def run(node):
    node.check("four_vfs; agent_started; wait_for 20 'four VFs' has_vfs 4; wait_for 20 'VF 3 is bound' is_bound \"$(vf 3)\" igbvf"
               + KUBELET + "sync")
    node.reboot()
    node.check(CONFIGURED)
    node.power_cut()
    node.start()
    node.check(CONFIGURED)
