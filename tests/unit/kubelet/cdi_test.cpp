#include "kubelet/cdi.hpp"

#include "kubelet/given_text.hpp"
#include "lib/offers.hpp"

#include <gtest/gtest.h>

#include <set>

namespace nic::kubelet {
namespace {

TEST(Cdi, TextIsASpecificationOfTheResourcesOwnKind) {
  const CdiSpec spec{cdi_kind("example.com/vfs"),
                     {cdi_device("0000:3b:00.2",
                                 {test::node(model::NodeKind::vfio_container, "/dev/vfio/vfio"),
                                  {model::NodeKind::vfio_group, "/dev/vfio/noiommu-3", "/dev/vfio/3", ""},
                                  test::node(model::NodeKind::vfio_container, "/dev/vfio/vfio")},
                                 "rw")}};
  EXPECT_EQ(to_text(spec), R"({
  "cdiVersion": "0.5.0",
  "kind": "example.com/vfs",
  "devices": [
    {
      "name": "0000:3b:00.2",
      "containerEdits": {
        "deviceNodes": [
          {
            "path": "/dev/vfio/vfio",
            "hostPath": "/dev/vfio/vfio",
            "permissions": "rw"
          },
          {
            "path": "/dev/vfio/3",
            "hostPath": "/dev/vfio/noiommu-3",
            "permissions": "rw"
          }
        ]
      }
    }
  ]
}
)");
  EXPECT_EQ(parse_cdi(to_text(spec)), spec);
}

TEST(Cdi, NamesAreThoseThatTheSpecificationAllows) {
  EXPECT_EQ(cdi_name("example.com/my-vfs_1", "mlx5_core.sf.4"), "example.com/my-vfs_1=mlx5_core.sf.4");
  EXPECT_EQ(cdi_file_name("example.com/vfs"), "nic-agent-example.com_vfs.json");
  EXPECT_EQ(cdi_annotation_key("example.com/vfs"), "cdi.k8s.io/example.com_vfs");
  EXPECT_TRUE(cdi_kind("3com.com/vfs").starts_with("v-3com.com/"));
  EXPECT_TRUE(cdi_kind("example.com/a.b").starts_with("example.com/r-a_b-"));
}

// E2, E3, E7: no two resources share a kind, a file or an annotation.
TEST(Cdi, NamesOfTwoResourcesDiffer) {
  const std::string most(63, 'a');
  std::set<std::string> kinds, files, keys;
  const std::vector<std::string> resources{
      "a.io/a.b", "a.io/a_b", "a.io/a-b", "a.io/1a",      "v-a.io/x",           "a.io/x",
      "b.io/x",   "1.io/x",   "v-1.io/x", "a.io/" + most, "a.io/" + most + "b", cdi_kind("a.io/a.b")};
  for (const auto& resource : resources) {
    kinds.insert(cdi_kind(resource));
    files.insert(cdi_file_name(resource));
    keys.insert(cdi_annotation_key(resource));
    EXPECT_LE(cdi_annotation_key(resource).size(), std::string_view{"cdi.k8s.io/"}.size() + 63);
  }
  EXPECT_EQ(kinds.size(), resources.size());
  EXPECT_EQ(files.size(), resources.size());
  EXPECT_EQ(keys.size(), resources.size());
}

TEST(Cdi, TextOfSomebodyElseIsNotTakenForOurs) {
  for (const auto* text :
       {"", "{", "[]", "{}", R"({"kind":"a/b"})", R"({"kind":1,"devices":[]})", R"({"kind":"a/b","devices":[1]})",
        R"({"kind":"a/b","devices":[{"name":"x"}]})",
        R"({"kind":"a/b","devices":[{"name":"x","containerEdits":{"deviceNodes":[{"path":"/x"}]}}]})"})
    EXPECT_EQ(parse_cdi(text), std::nullopt) << text;
}

TEST(GivenText, IsReadBack) {
  const Given given{"a.io/x", "0000:3b:00.2", {test::uverbs(0, ""), test::uverbs(1, "")}, "{\"a\":1}"};
  EXPECT_EQ(parse_given(to_text(given)), given);
  for (const auto* text : {"", "{", "[]", "{}", R"({"resource":"a","device":"b","device_info":"","nodes":[1]})"})
    EXPECT_EQ(parse_given(text), std::nullopt) << text;
}

}  // namespace
}  // namespace nic::kubelet
