#include "ctl/render.hpp"

#include "ctl/client.hpp"

#include <gtest/gtest.h>

namespace nic::ctl {
namespace {

Json machine() {
  return Json::parse(R"({
    "Manager": {"Version": "0.1.0", "State": "notReady", "ConfigGeneration": 4, "AppliedGeneration": 3,
      "ConfigSources": ["/etc/nic-agent/nic-agent.toml"], "RebootReasons": ["firmware of 0000:3b:00.0"],
      "Components": [{"Name": "configuration", "State": "ready", "Text": "4 policies"},
                     {"Name": "sriov", "State": "notReady", "Text": "1 of 2 PFs as configured"}]},
    "Problems": [{"Subject": "0000:5e:00.0", "Text": "create 16 VFs: Cannot allocate memory",
                  "Advice": "Enable SR-IOV in the BIOS"}],
    "Devices": [
      {"Path": "/org/nicagent1/device/0000_3b_00_0", "PciAddress": "0000:3b:00.0", "VendorId": 5555, "DeviceId": 4129,
       "SubsystemVendorId": 5555, "SubsystemDeviceId": 35, "Kind": "pf", "Driver": "mlx5_core", "NumaNode": 1,
       "IommuGroup": -1, "NetworkInterfaces": ["ens1f0np0"], "LinkState": "up", "LinkSpeed": 400000,
       "LinkType": "ethernet", "Mtu": 9000, "MacAddress": "b8:3f:d2:00:00:01", "State": "ok",
       "StateText": "as configured", "Desired": {"NumVfs": 4, "Policies": ["workers"]}, "Differences": [],
       "LastError": {"Code": "", "Errno": 0, "Operation": "", "Object": "", "Advice": ""},
       "Resources": ["/org/nicagent1/resource/example_2ecom_2frdma"], "Notes": [],
       "PhysicalFunction": {"TotalVfs": 16, "NumVfs": 4, "EswitchMode": "switchdev",
         "Representors": ["ens1f0np0_0", "ens1f0np0_1"], "ProtectionReasons": ["carries the default route"]},
       "Rdma": {"Name": "mlx5_0", "Firmware": "28.39.1002", "NodeGuid": "b83f:d203:0000:0001", "Software": false,
         "Ports": [{"Number": 1, "State": "ACTIVE", "PhysState": "LinkUp", "LinkLayer": "ethernet", "Rate": "400 Gb/sec"}],
         "CharacterDevices": ["/dev/infiniband/uverbs0"]}},
      {"Path": "/org/nicagent1/device/0000_5e_00_0", "PciAddress": "0000:5e:00.0", "VendorId": 32902, "DeviceId": 5522,
       "Kind": "pf", "Driver": "", "NumaNode": -1, "NetworkInterfaces": [], "State": "failed",
       "StateText": "2 of 16 VFs", "Desired": {}, "Resources": [],
       "Differences": [{"What": "VFs", "Have": "2", "Want": "16"}],
       "LastError": {"Code": "noSpace", "Errno": 12, "Operation": "create 16 VFs on", "Object": "0000:5e:00.0",
                     "Advice": "Enable SR-IOV in the BIOS"},
       "FailedAt": 1795282473000000, "RetryAt": 0,
       "PhysicalFunction": {"TotalVfs": 64, "NumVfs": 2}}],
    "Modules": [{"Name": "mlx5_core", "Wanted": true, "State": "live", "Provider": "dkms", "Version": "24.10",
                 "Signer": "", "Verdict": "warn", "Findings": [{"Severity": "warn", "Text": "not signed"}], "Errors": []}],
    "Resources": [{"Path": "/org/nicagent1/resource/example_2ecom_2frdma", "Name": "example.com/rdma", "Kind": "shared",
                   "Capacity": 1000, "Healthy": 1000, "KubeletState": "streaming",
                   "Devices": ["/org/nicagent1/device/0000_3b_00_0"],
                   "NotReady": [{"What": "0000:5e:00.0", "Have": "no RDMA device", "Want": "its driver"}]}],
    "Jobs": [{"Id": 7, "Kind": "apply", "State": "running", "Step": 2, "Steps": 5, "Text": "create 4 VFs"}]
  })");
}

TEST(Verdict, NamesEveryFindingAndTheStack) {
  auto state = machine();
  state["Manager"]["DriverVerdict"] = "warn";
  state["Manager"]["DriverFindings"] = {{{"Severity", "pass"}, {"Text", "RDMA device mlx5_0 answers."}}};
  state["Manager"]["RdmaStack"] = {
      {"Running", "ofed"}, {"OnDisk", "ofed"}, {"Version", "24.10-1.1.4"}, {"UserSpace", ""}};
  state["Manager"]["PeerMemory"] = {{"Way", "dmabuf"}, {"Readiness", "ready"}, {"Text", "No module is needed."}};
  EXPECT_EQ(verdict(state, {}),
            "warn: mlx5_core: not signed\n"
            "pass: drivers: RDMA device mlx5_0 answers.\n"
            "  RDMA stack      ofed runs, ofed on disk\n"
            "  version         24.10-1.1.4\n"
            "  GPU memory      dmabuf: No module is needed.\n"
            "  drivers         warn\n");
}

TEST(Status, IsOneScreen) {
  EXPECT_EQ(status(machine(), {}),
            "nic-agent 0.1.0: notReady\n"
            "configuration 4, applied 3: /etc/nic-agent/nic-agent.toml\n"
            "\n"
            "COMPONENT      STATE\n"
            "configuration  ready     4 policies\n"
            "sriov          notReady  1 of 2 PFs as configured\n"
            "\n"
            "ADDRESS       INTERFACE  MODEL      VFS  DRIVER     STATE\n"
            "0000:3b:00.0  ens1f0np0  15b3:1021  4/4  mlx5_core  ok      as configured\n"
            "0000:5e:00.0  -          8086:1592  2/-  -          failed  2 of 16 VFs\n"
            "\n"
            "Problems\n"
            "  0000:5e:00.0: create 16 VFs: Cannot allocate memory\n"
            "    -> Enable SR-IOV in the BIOS\n"
            "\n"
            "Reboot needed\n"
            "  firmware of 0000:3b:00.0\n"
            "\n"
            "Jobs\n"
            "  7 apply running 2/5 create 4 VFs\n");
  EXPECT_FALSE(ready(machine()));
}

TEST(Status, IsReadyWhenTheAgentSaysSoOrHasNothingToDo) {
  EXPECT_TRUE(ready({{"Manager", {{"State", "ready"}}}}));
  EXPECT_TRUE(ready({{"Manager", {{"State", "ignore"}}}}));
  EXPECT_FALSE(ready({{"Manager", {{"State", "error"}}}}));
  EXPECT_FALSE(ready(Json::object()));
}

TEST(Devices, AreOneLineEach) {
  EXPECT_EQ(devices(machine(), {}),
            "ADDRESS       KIND  INTERFACE  MODEL      DRIVER     NUMA  LINK  RDMA    STATE   RESOURCES\n"
            "0000:3b:00.0  pf    ens1f0np0  15b3:1021  mlx5_core  1     up    mlx5_0  ok      example.com/rdma\n"
            "0000:5e:00.0  pf    -          8086:1592  -          -     -     -       failed\n");
}

TEST(Device, ShowsPortsKeysAndHealth) {
  auto shown = machine()["Devices"][0];
  shown["PhysicalFunction"]["Ports"] = Json::parse(R"([
    {"Index": 65535, "Flavour": "physical", "Controller": -1, "PfNumber": -1, "Number": -1, "NetworkInterface": "ens1f0np0"},
    {"Index": 32768, "Flavour": "pcisf", "Controller": 1, "PfNumber": 0, "Number": 88, "NetworkInterface": ""}])");
  shown["HealthReporters"] = Json::parse(R"([
    {"Name": "fw_fatal", "Port": -1, "Healthy": false, "Errors": 2, "Recoveries": 1},
    {"Name": "tx", "Port": 65535, "Healthy": true, "Errors": 0, "Recoveries": 0}])");
  shown["Rdma"]["InfinibandPorts"] =
      Json::parse(R"([{"Number": 1, "Guid": "b83f:d203:0000:0002", "PKeys": ["0xffff", "0x8001"]}])");
  const auto text = device(shown, {});
  for (const auto* line :
       {"  devlink port    65535 physical (ens1f0np0)\n", "  devlink port    32768 pcisf 88 of PF 0 of controller 1\n",
        "  health          fw_fatal error, 2 errors, 1 recoveries\n", "  health          tx of port 65535 ok, 0 errors",
        "  port GUID       1 b83f:d203:0000:0002\n", "  PKeys           1 0xffff 0x8001\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Device, ShowsWhatIsKnownAndLeavesOutWhatIsNot) {
  EXPECT_EQ(device(machine()["Devices"][0], {}),
            "0000:3b:00.0 pf ok\n"
            "  status          as configured\n"
            "  model           15b3:1021 (subsystem 15b3:0023)\n"
            "  driver          mlx5_core\n"
            "  NUMA node       1\n"
            "  interfaces      ens1f0np0\n"
            "  link            ethernet up, 400000 Mbit/s\n"
            "  MTU             9000\n"
            "  address         b8:3f:d2:00:00:01\n"
            "  VFs             4 of 16 possible\n"
            "  eswitch         switchdev\n"
            "  representors    ens1f0np0_0 ens1f0np0_1\n"
            "  protected       carries the default route\n"
            "  RDMA            mlx5_0\n"
            "  firmware        28.39.1002\n"
            "  node GUID       b83f:d203:0000:0001\n"
            "  port            1 ACTIVE LinkUp ethernet 400 Gb/sec\n"
            "  device nodes    /dev/infiniband/uverbs0\n"
            "  desired         NumVfs 4\n"
            "  desired         Policies workers\n");
}

TEST(Device, ShowsWhatWasFoundOnItBeforeTheAgentChangedIt) {
  auto pf = machine()["Devices"][0];
  pf["PhysicalFunction"]["Owned"] = true;
  pf["PhysicalFunction"]["Found"] = {{"NumVfs", 0}, {"Mtu", 1500}};
  const auto text = device(pf, {});
  EXPECT_NE(text.find("  owned           given back when no policy asks for it any more\n"
                      "  found           NumVfs 0\n"
                      "  found           Mtu 1500\n"),
            std::string::npos)
      << text;
}

TEST(Device, ShowsWhatFailedAndWhatToDo) {
  const auto text = device(machine()["Devices"][1], {});
  EXPECT_NE(text.find("  ! VFs: has 2, should be 16\n"
                      "  last error      create 16 VFs on 0000:5e:00.0 (errno 12)\n"
                      "    -> Enable SR-IOV in the BIOS\n"
                      "  failed at       2026-11-2"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("tried again at"), std::string::npos);
}

TEST(Modules, HaveTheirFindingsBelow) {
  EXPECT_EQ(modules(machine(), {}),
            "MODULE     WANTED  STATE  PROVIDER  VERSION  SIGNER  VERDICT\n"
            "mlx5_core  yes     live   dkms      24.10    -       warn\n"
            "\n"
            "mlx5_core: warn: not signed\n");
}

TEST(Resources, SayWhoIsNotInThemYet) {
  EXPECT_EQ(resources(machine(), {}),
            "RESOURCE          KIND    HEALTHY  CAPACITY  KUBELET    DEVICES\n"
            "example.com/rdma  shared  1000     1000      streaming  0000:3b:00.0\n"
            "\n"
            "example.com/rdma: 0000:5e:00.0 is not in it: no RDMA device, waits for its driver\n");
}

TEST(Resources, SayWhoHoldsADeviceAndWhoElseOffersIt) {
  auto state = machine();
  auto& resource = state["Resources"][0];
  resource["NotReady"] = Json::array();
  resource["Holders"] = {{{"Device", "7"}, {"Pod", "ml/worker-0"}, {"Container", "app"}}};
  resource["Unhealthy"] = {{{"Device", ""}, {"Why", "every port is down"}}, {{"Device", "7"}, {"Why", "it is gone"}}};
  resource["Warnings"] = {"a.io/vfs has it too"};
  resource["Rival"] = "/var/lib/kubelet/plugins_registry/rdma.sock";
  resource["StandingBy"] = true;
  resource["Disagreement"] = {
      {"Code", "internal"}, {"Errno", 0}, {"Operation", "offer"}, {"Object", "example.com/rdma"}, {"Advice", "count"}};
  const auto text = resources(state, {});
  EXPECT_NE(text.find("example.com/rdma: 7 is held by container app of pod ml/worker-0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("example.com/rdma: all are unhealthy: every port is down\n"), std::string::npos) << text;
  EXPECT_NE(text.find("example.com/rdma: 7 is unhealthy: it is gone\n"), std::string::npos) << text;
  EXPECT_NE(text.find("example.com/rdma: a.io/vfs has it too\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("another plugin offers it too, on /var/lib/kubelet/plugins_registry/rdma.sock: the agent stands by"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("  -> count\n"), std::string::npos) << text;
}

TEST(Views, OfAnEmptyMachineSaySo) {
  EXPECT_EQ(devices(Json::object(), {}), "no network functions\n");
  EXPECT_EQ(modules(Json::object(), {}), "no kernel modules are asked for or in use\n");
  EXPECT_EQ(resources(Json::object(), {}), "no resources are configured\n");
}

TEST(Views, LetNoControlCharacterThrough) {
  auto hostile = machine();
  const std::string bad = "x\x1b]0;owned\x07\r\n";
  for (auto& device : hostile["Devices"])
    for (const char* key : {"PciAddress", "Driver", "State", "StateText", "Serial", "Kind", "LinkState"})
      device[key] = bad;
  hostile["Devices"][0]["Desired"][bad] = bad;
  hostile["Devices"][0]["Rdma"]["Name"] = bad;
  hostile["Manager"]["State"] = bad;
  hostile["Problems"][0]["Advice"] = bad;
  hostile["Manager"]["GpuPaths"] = {{{"Gpu", bad}, {"Level", bad}, {"Findings", {bad + " " + bad + " " + bad}}}};
  hostile["Modules"][0]["Findings"][0]["Text"] = bad;
  hostile["Resources"][0]["Name"] = bad;
  hostile["Jobs"][0]["Text"] = bad;
  const std::string all = status(hostile, {}) + devices(hostile, {}) + device(hostile["Devices"][0], {}) +
                          modules(hostile, {}) + resources(hostile, {}) + gpus(hostile, {});
  for (const char c : {'\x1b', '\x07', '\r'}) EXPECT_EQ(all.find(c), std::string::npos);
  EXPECT_NE(all.find("\\x1b]0;owned"), std::string::npos);
}

TEST(Views, TakeAnyShapeOfJson) {
  for (const char* text :
       {"[]", "{\"Devices\": 7}", "{\"Devices\": [1, null, {\"Path\": []}], \"Manager\": []}",
        "{\"Devices\": [{\"Kind\": \"pf\", \"VendorId\": -1, \"Desired\": 3, \"Rdma\": {\"Ports\": {}}}]}",
        "{\"Manager\": {\"GpuPaths\": [3, {\"Findings\": [7, \"warn\", \"a b\"]}]}}",
        "{\"Modules\": [[]], \"Resources\": [{\"Devices\": [7]}], \"Jobs\": [{}], \"Problems\": [1]}"}) {
    const auto json = Json::parse(text);
    EXPECT_FALSE(status(json, {}).empty());
    EXPECT_FALSE(devices(json, {}).empty());
    EXPECT_FALSE(modules(json, {}).empty());
    EXPECT_FALSE(resources(json, {}).empty());
    EXPECT_FALSE(gpus(json, {}).empty());
    for (const auto& one : list(json, "Devices")) EXPECT_FALSE(device(one, {}).empty());
  }
}

TEST(Watch, IsOneLineAChange) {
  const Change change{"12:00:01",
                      "changed",
                      "/org/nicagent1/device/0000_3b_00_0",
                      "org.nicagent1.Device",
                      {{"LinkState", "down"}, {"Mtu", 1500}, {"NetworkInterfaces", {"a", "b"}}}};
  EXPECT_EQ(line(change),
            "12:00:01 changed /org/nicagent1/device/0000_3b_00_0 org.nicagent1.Device LinkState=down Mtu=1500 "
            "NetworkInterfaces=\"a b\"\n");
}

TEST(ExitCode, TellsWhyACallFailed) {
  EXPECT_EQ(exit_of("org.nicagent1.Error.NotAuthorized"), Exit::not_authorized);
  EXPECT_EQ(exit_of("org.freedesktop.DBus.Error.ServiceUnknown"), Exit::unreachable);
  EXPECT_EQ(exit_of("org.freedesktop.DBus.Error.Spawn.ChildExited"), Exit::unreachable);
  EXPECT_EQ(exit_of("org.nicagent1.Error.Busy"), Exit::failure);
  EXPECT_EQ(exit_of(""), Exit::failure);
}

TEST(Gpus, AreATableOfWaysWithEachSentenceOnce) {
  auto state = machine();
  EXPECT_EQ(gpus(state, {}), "no GPU, or no NIC\n");
  state["Manager"]["GpuPaths"] = Json::parse(R"([
    {"Gpu": "0000:3a:00.0", "Nic": "0000:3b:00.0", "Level": "PIX", "Nearest": true, "Verdict": "warn",
     "Bridges": ["0000:39:00.0"], "Findings": ["warn acs-redirect bridge 0000:39:00.0 redirects",
                                               "warn acs-redirect bridge 0000:38:00.0 redirects",
                                               "pass max-read-request NIC 0000:3b:00.0 reads 512 bytes"]},
    {"Gpu": "0000:6a:00.0", "Nic": "0000:3b:00.0", "Level": "SYS", "Nearest": false, "Verdict": "unknown",
     "Bridges": [], "Findings": ["unknown not-readable asleep",
                                 "pass max-read-request NIC 0000:3b:00.0 reads 512 bytes"]},
    {"Gpu": "0000:6a:00.0", "Nic": "0000:5e:00.0", "Level": "NODE", "Nearest": true, "Verdict": "pass",
     "Bridges": [], "Findings": []}])");
  EXPECT_EQ(gpus(state, {}),
            "GPU           NIC           INTERFACE  LEVEL  NEAREST  VERDICT  FINDINGS\n"
            "0000:3a:00.0  0000:3b:00.0  ens1f0np0  PIX    yes      warn     acs-redirect\n"
            "0000:6a:00.0  0000:3b:00.0  ens1f0np0  SYS    -        unknown  not-readable\n"
            "0000:6a:00.0  0000:5e:00.0  -          NODE   yes      pass\n"
            "\n"
            "warn: acs-redirect: bridge 0000:39:00.0 redirects\n"
            "warn: acs-redirect: bridge 0000:38:00.0 redirects\n"
            "note: max-read-request: NIC 0000:3b:00.0 reads 512 bytes\n"
            "unknown: not-readable: asleep\n");
}

}  // namespace
}  // namespace nic::ctl
