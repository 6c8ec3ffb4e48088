// The list of mechanisms, in the order in which they are shown. A new one is a file of its own and a line here.
#include "ctxcost/mechanism/mechanism.h"

#define CTXCOST_MECHANISMS(ROW) \
  ROW(kFull)                    \
  ROW(kNone)                    \
  ROW(kBidirectional)           \
  ROW(kSlidingWindow)           \
  ROW(kChunked)                 \
  ROW(kDilated)                 \
  ROW(kSinkWindow)              \
  ROW(kLatent)                  \
  ROW(kIndexedLatent)           \
  ROW(kCompressedSparse)        \
  ROW(kIndexedBlocks)           \
  ROW(kLongformer)              \
  ROW(kBigBird)                 \
  ROW(kLsh)                     \
  ROW(kRouting)                 \
  ROW(kStrided)                 \
  ROW(kFixed)                   \
  ROW(kNativeSparse)            \
  ROW(kVerticalSlash)           \
  ROW(kBlockSparse)             \
  ROW(kLinear)                  \
  ROW(kRetention)               \
  ROW(kLightning)               \
  ROW(kGatedLinear)             \
  ROW(kHgrn)                    \
  ROW(kDelta)                   \
  ROW(kGatedDelta)              \
  ROW(kKimiDelta)               \
  ROW(kShortConv)               \
  ROW(kMamba)                   \
  ROW(kMamba2)                  \
  ROW(kRgLru)                   \
  ROW(kRwkv)                    \
  ROW(kTransformerXl)           \
  ROW(kCompressive)             \
  ROW(kMemorizing)              \
  ROW(kInfini)                  \
  ROW(kTitans)                  \
  ROW(kCrossAttention)

namespace ctxcost {

#define CTXCOST_DECLARE(name) extern const Mechanism name;
CTXCOST_MECHANISMS(CTXCOST_DECLARE)
#undef CTXCOST_DECLARE

std::span<const Mechanism* const> mechanisms() {
#define CTXCOST_ADDRESS(name) &name,
  static constexpr const Mechanism* kAll[] = {CTXCOST_MECHANISMS(CTXCOST_ADDRESS)};
#undef CTXCOST_ADDRESS
  return kAll;
}

const Mechanism& full_attention() { return kFull; }
const Mechanism& two_sided_attention() { return kBidirectional; }
const Mechanism& cross_attention() { return kCrossAttention; }

}  // namespace ctxcost
