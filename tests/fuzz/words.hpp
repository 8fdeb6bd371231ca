// What fuzz targets demand of what was read.
#pragma once

#include <cstdlib>
#include <string>

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline bool printable(const std::string& text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7e) return false;
  return true;
}
