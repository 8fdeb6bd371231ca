#include "ctl/terminal.hpp"

#include <gtest/gtest.h>

namespace nic::ctl {
namespace {

TEST(Printable, ShowsControlCharactersInsteadOfObeyingThem) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\n\x7f"), "a\\x1b[2Jb\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");  // CSI of eight bits
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "gnp"),
            "\\u{202e}gnp");
}

TEST(Printable, KeepsOtherAlphabetsAndShowsBrokenTextByteByByte) {
  EXPECT_EQ(printable("K\xc3\xb6ln \xe6\x9d\xb1\xe4\xba\xac"), "K\xc3\xb6ln \xe6\x9d\xb1\xe4\xba\xac");
  EXPECT_EQ(printable("\xff\xc0\xaf\xe2\x82"), "\\xff\\xc0\\xaf\\xe2\\x82");
}

TEST(Printable, KeepsLineFeedsWhereLinesAreMeant) { EXPECT_EQ(printable_lines("a\nb\tc\n"), "a\nb\\x09c\n"); }

TEST(Table, AlignsByCharactersAndLeavesNoBlanksAtTheEnd) {
  Table table{{"NAME", "STATE", "NOTE"}};
  table.add({"K\xc3\xb6ln", "ok", "x"});
  table.add({"b", "failed", ""});
  EXPECT_EQ(table.text({}),
            "NAME  STATE   NOTE\n"
            "K\xc3\xb6ln  ok      x\n"
            "b     failed\n");
}

TEST(Table, ColoursTheStateAndStaysAligned) {
  Table table{{"STATE", "X"}};
  table.add({"ok", "1"});
  table.add({"strange", "2"});
  EXPECT_EQ(table.text({.colour = true}),
            "\x1b[1mSTATE\x1b[0m    \x1b[1mX\x1b[0m\n"
            "\x1b[32mok\x1b[0m       1\n"
            "strange  2\n");
}

}  // namespace
}  // namespace nic::ctl
