// A sink that is a string.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/core/writer.h"

namespace ctxcost {

class TextSink : public Sink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

}  // namespace ctxcost
