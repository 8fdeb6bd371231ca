#include "config/import/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nic::config {
namespace {

using testing::HasSubstr;
using Kind = Node::Kind;

Node only(std::string_view text) {
  auto documents = read_documents(text);
  if (!documents || documents->size() != 1) {
    ADD_FAILURE() << (documents ? "not one document" : documents.error().why);
    return {};
  }
  return documents->front();
}

Unreadable refused(std::string_view text) {
  auto documents = read_documents(text);
  return documents ? Unreadable{{}, "it was read"} : documents.error();
}

TEST(Documents, KnowWhereEachFieldStands) {
  const auto root = only("kind: x\nspec:\n  mtu: 9000\n  names: [\"a\", b]\n");
  EXPECT_EQ(root.member("spec")->key_at, (Position{2, 1}));
  const Node* mtu = root.member("spec")->member("mtu");
  EXPECT_EQ(mtu->key_at, (Position{3, 3}));
  EXPECT_EQ(mtu->at, (Position{3, 8}));
  EXPECT_EQ(mtu->kind, Kind::number);
  EXPECT_EQ(root.member("spec")->member("names")->items[1].at, (Position{4, 16}));
}

TEST(Documents, AreTheSameInJson) {
  const auto root =
      only("{\n\t\"kind\": \"x\",\n\t\"spec\": {\"mtu\": 9000, \"on\": true, \"no\": null, \"url\": \"a\\/b\"}\n}\n");
  const Node* spec = root.member("spec");
  EXPECT_EQ(spec->member("mtu")->kind, Kind::number);
  EXPECT_EQ(spec->member("mtu")->at, (Position{3, 18}));
  EXPECT_EQ(spec->member("on")->kind, Kind::boolean);
  EXPECT_EQ(spec->member("no")->kind, Kind::null);
  EXPECT_EQ(spec->member("url")->text, "a/b");
}

TEST(Documents, TellTextsFromNumbersAsYamlDoes) {
  for (const char* text : {"1017", "0x1f", "-1", "1.5", ".5", "1e3", "1015e9", ".inf", "-.inf", ".nan", "0o17"})
    EXPECT_EQ(only(std::string{"x: "} + text).member("x")->kind, Kind::number) << text;
  for (const char* text : {"15b3", "\"8086\"", "'1017'", "!!str 8086", "yes", "1.2.3", "-a", "0000:3b:00.0", "1e"})
    EXPECT_EQ(only(std::string{"x: "} + text).member("x")->kind, Kind::text) << text;
  for (const char* text : {"", "~", "null"}) EXPECT_EQ(only(std::string{"x: "} + text).member("x")->kind, Kind::null);
}

TEST(Documents, ManyInOneTextAndEmptyOnesLeftOut) {
  const auto documents = read_documents("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n");
  ASSERT_TRUE(documents.has_value());
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(documents->at(1).at, (Position{7, 1}));
  EXPECT_TRUE(read_documents("")->empty());
}

TEST(Documents, RefuseWhatCouldGrowOrDeceive) {
  EXPECT_THAT(refused("a: &x [1]\nb: [*x, *x]").why, HasSubstr("aliases"));
  EXPECT_EQ(refused("a: &x [1]\nb: [*x, *x]").at, (Position{2, 5}));
  EXPECT_THAT(refused("a: !!binary aGk=").why, HasSubstr("tags"));
  EXPECT_THAT(refused("a: 1\nb: 2\na: 3").why, HasSubstr("\"a\" stands here twice"));
  EXPECT_EQ(refused("a: 1\nb: 2\na: 3").at, (Position{3, 1}));
  EXPECT_THAT(refused("? [a]\n: 1").why, HasSubstr("a key must be a text"));
  EXPECT_THAT(refused(": 1").why, HasSubstr("a key must be a text"));
  EXPECT_THAT(refused("a: 1\nb: x\x04y\n").why, HasSubstr("control character"));
  EXPECT_EQ(refused("a: 1\nb: x\x04y\n").at, (Position{2, 5}));
  EXPECT_THAT(refused(std::string("a\0b", 3)).why, HasSubstr("control character"));
}

TEST(Documents, HaveLimits) {
  EXPECT_THAT(refused(std::string(400, '[') + std::string(400, ']')).why, HasSubstr("nested deeper than 32"));
  EXPECT_NE(refused(std::string(100'000, '[')).why, "it was read");
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_THAT(refused(dashes).why, HasSubstr("nested deeper than 32"));
  EXPECT_THAT(refused(std::string(kMostDocumentBytes + 1, '#')).why, HasSubstr("larger than"));
  std::string many = "[";
  for (std::size_t i = 0; i < kMostNodes; ++i) many += "a,";
  EXPECT_THAT(refused(many + "]").why, HasSubstr("more than 300000 values"));
}

TEST(Documents, SayWhereTheTextIsNoYaml) {
  EXPECT_EQ(refused("a: 1\nb: [1, 2\n").why.empty(), false);
  EXPECT_EQ(refused("a: 1\n b: 2\n").at.line, 2U);
  EXPECT_THAT(refused("a: \"x").why, HasSubstr("EOF"));
}

}  // namespace
}  // namespace nic::config
