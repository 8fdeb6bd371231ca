# what: nicctl gpus shows how near cards are to a GPU behind a real switch and what is between; ACS is changed as asked and given back
# deadline: 400

# A display controller stands for the GPU: its class decides. Below one switch with a card, and beside the card of the node.
SWITCH = ["-device", "x3130-upstream,id=up,bus=rp2",
          "-device", "xio3130-downstream,id=down0,bus=up,chassis=40,slot=0,addr=0",
          "-device", "xio3130-downstream,id=down1,bus=up,chassis=41,slot=1,addr=1",
          "-device", "bochs-display,id=gpu,bus=down0",
          "-netdev", "hubport,id=net-near,hubid=0", "-device", "igb,id=near,bus=down1,netdev=net-near,mac=52:54:00:0a:0b:77"]

WORDS = """
of_class() { for f in /sys/bus/pci/devices/*; do
    if [ "$(cat $f/class)" = "$1" ]; then case $(readlink -f $f) in *"$2"*) basename $f ;; esac; fi; done; }
gpu=$(of_class 0x038000 "")
far=$pf
near=$(of_class 0x020000 "" | grep -v $far | while read -r f; do [ -e /sys/bus/pci/devices/$f/sriov_totalvfs ] && echo $f; done)
root_of() { readlink -f /sys/bus/pci/devices/$1 | cut -d/ -f5; }
acs() { setpci -s "$1" ECAP_ACS+6.w; }
acs_is() { [ "$(acs "$1")" = "$2" ]; }
way() { nicctl gpus | awk -v nic="$1" '$2 == nic'; }
way_says() { way "$1" | says "$2"; }
gpudirect_is() { busctl --json=short get-property org.nicagent1 /org/nicagent1 org.nicagent1.Manager Components |
    jq -e --arg state "$1" '.data[] | select(.[0] == "gpudirect") | .[1] == $state' >/dev/null; }
"""


def run(node):
    node.check("echo 'nothing = 0' >/dev/null; sync")
    node.power_cut()
    node.extra = SWITCH
    node.start()
    # The IOMMU isolates the ports while it scans the bus.
    node.check(WORDS + """
        step "the machine: GPU $gpu, near card $near, far card $far"
        lspci -t; for f in $(root_of $gpu) $(root_of $far); do echo "$f has ACS $(acs $f)"; done
        equals "ACS of the GPU's root port" 001d "$(acs $(root_of $gpu))"
        equals "ACS of the far card's root port" 001d "$(acs $(root_of $far))"
        lspci -vv -s $(basename $(dirname $(readlink -f /sys/bus/pci/devices/$gpu))) | grep -i acs || echo "no ACS below the switch"
        agent_started
        wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
        nicctl gpus

        step "levels, and which card is nearest"
        way_says $near "PIX"; way_says $near " yes "
        way_says $far "PHB"; way_says $far " - "

        step "what is on the way"
        way_says $far "acs-redirect"
        contains "type of the group" DMA "$(cat /sys/bus/pci/devices/$near/iommu_group/type)"
        way_says $near "iommu-translating"
        contains "the sentences" "boot with iommu=pt" "$(nicctl gpus)"
        contains "D-Bus" "$(root_of $gpu)" "$(property /org/nicagent1 Manager GpuPaths)"
        gpudirect_is ready

        step "what configuration space says is what setpci reads"
        contains "reads of the near card" "reads $((128 << (0x$(setpci -s $near CAP_EXP+8.w) >> 12 & 7))) bytes" "$(nicctl gpus)"

        step "looking changes nothing"
        nicctl rescan --wait
        acs_is $(root_of $gpu) 001d""", 120)
    node.check(WORDS + """
        step "as asked, redirection goes and every other bit stays"
        printf '[gpudirect]\\nacs = "off-on-gpu-paths"\\n' | write_config
        for f in $(root_of $gpu) $(root_of $far); do
            wait_for 20 "ACS of $f" acs_is $f 0011
            contains "the record" '"acs_control":29' "$(cat /var/lib/nic-agent/owned/$(echo $f | tr :. __).json)"
        done
        wait_for 10 "no warning is left" bash -c '! nicctl gpus | grep acs-redirect'
        lacks "the plan" ACS "$(nicctl plan)"

        step "what somebody else sets is put right at the next look"
        setpci -s $(root_of $gpu) ECAP_ACS+6.w=001f
        nicctl rescan --wait
        wait_for 20 "ACS again" acs_is $(root_of $gpu) 0013

        step "a restart changes nothing, and gives nothing back"
        systemctl restart nic-agent.service
        wait_for 30 "it has settled" property_is /org/nicagent1 Manager Settled true
        acs_is $(root_of $far) 0011

        step "a card that a virtual machine could have is isolated"
        echo '# nothing' | write_config
        for f in $(root_of $gpu) $(root_of $far); do wait_for 20 "ACS of $f is back" acs_is $f "$([ $f = $(root_of $gpu) ] && echo 001f || echo 001d)"; done
        wait_for 10 "no record is left" bash -c '! ls /var/lib/nic-agent/owned/*.json'
        modprobe vfio-pci
        echo vfio-pci >/sys/bus/pci/devices/$near/driver_override
        echo $near >/sys/bus/pci/devices/$near/driver/unbind
        echo $near >/sys/bus/pci/drivers_probe
        wait_for 10 "the near card is on vfio-pci" is_bound $near vfio-pci
        printf '[gpudirect]\\nacs = "off-on-gpu-paths"\\n' | write_config
        wait_for 20 "the far card's port" acs_is $(root_of $far) 0011
        wait_for 20 "the refusal" status_says "$near below it is bound to vfio-pci"
        acs_is $(root_of $gpu) 001f
        nicctl apply --force --wait
        wait_for 20 "forced" acs_is $(root_of $gpu) 0013

        step "what the hardware cannot do is said: this card's read request cannot be written"
        echo >/sys/bus/pci/devices/$near/driver_override
        echo $near >/sys/bus/pci/drivers/vfio-pci/unbind
        echo $near >/sys/bus/pci/drivers_probe
        printf '[gpudirect]\\nmax_read_request = 4096\\n' | write_config
        wait_for 20 "the reason" status_says "it cannot do that"
        gpudirect_is error
        for f in $(root_of $gpu) $(root_of $far); do
            wait_for 20 "ACS of $f is back" acs_is $f "$([ $f = $(root_of $gpu) ] && echo 001f || echo 001d)"; done
        agent_never_crashed""", 200)
