// The list of families, in the order in which they are shown. A new one is a file of its own and a line here.
#include <array>
#include <cstdint>

#include "core/word_list.h"
#include "family.h"

#define CTXCOST_FAMILIES(ROW) \
  ROW(kAfmoe)                 \
  ROW(kAlbert)                \
  ROW(kApertus)               \
  ROW(kArcee)                 \
  ROW(kAria)                  \
  ROW(kBaichuan)              \
  ROW(kBailingHybrid)         \
  ROW(kBailingLinear)         \
  ROW(kBailingMoe)            \
  ROW(kBamba)                 \
  ROW(kBart)                  \
  ROW(kBert)                  \
  ROW(kBigBird)               \
  ROW(kBitnet)                \
  ROW(kBlenderbot)            \
  ROW(kBlenderbotSmall)       \
  ROW(kBloom)                 \
  ROW(kChatglm)               \
  ROW(kClip)                  \
  ROW(kClipVision)            \
  ROW(kCohere)                \
  ROW(kCohere2)               \
  ROW(kCohere2Moe)            \
  ROW(kDbrx)                  \
  ROW(kDeberta)               \
  ROW(kDebertaV2)             \
  ROW(kDeepseek)              \
  ROW(kDeepseekV2)            \
  ROW(kDeepseekV3)            \
  ROW(kDeepseekV32)           \
  ROW(kDeepseekV4)            \
  ROW(kDeltaNet)              \
  ROW(kDistilbert)            \
  ROW(kDots1)                 \
  ROW(kElectra)               \
  ROW(kErnie45)               \
  ROW(kErnie45Moe)            \
  ROW(kErnie45Vl)             \
  ROW(kExaone)                \
  ROW(kExaone4)               \
  ROW(kExaoneMoe)             \
  ROW(kFalcon)                \
  ROW(kFalconH1)              \
  ROW(kFlexOlmo)              \
  ROW(kGatedDeltanet)         \
  ROW(kGemma)                 \
  ROW(kGemma2)                \
  ROW(kGemma3)                \
  ROW(kGemma3n)               \
  ROW(kGemma4)                \
  ROW(kGla)                   \
  ROW(kGlm)                   \
  ROW(kGlm4)                  \
  ROW(kGlm4Moe)               \
  ROW(kGlm4MoeLite)           \
  ROW(kGlmMoeDsa)             \
  ROW(kGpt2)                  \
  ROW(kGptBigcode)            \
  ROW(kGptj)                  \
  ROW(kGptNeo)                \
  ROW(kGptNeox)               \
  ROW(kGptOss)                \
  ROW(kGranite)               \
  ROW(kGraniteHybrid)         \
  ROW(kGranitemoe)            \
  ROW(kGte)                   \
  ROW(kHelium)                \
  ROW(kHgrn)                  \
  ROW(kHgrn2)                 \
  ROW(kHunyuanDense)          \
  ROW(kHunyuanMoe)            \
  ROW(kHy3)                   \
  ROW(kInternlm)              \
  ROW(kInternlm3)             \
  ROW(kJamba)                 \
  ROW(kJinaEmbeddingsV3)      \
  ROW(kKimiK2)                \
  ROW(kKimiLinear)            \
  ROW(kLaguna)                \
  ROW(kLfm2)                  \
  ROW(kLfm2Moe)               \
  ROW(kLlama)                 \
  ROW(kLlama4)                \
  ROW(kLlavaLlama)            \
  ROW(kLlavaMistral)          \
  ROW(kLlavaQwen)             \
  ROW(kLongcatFlash)          \
  ROW(kLongformer)            \
  ROW(kM2m100)                \
  ROW(kMamba)                 \
  ROW(kMamba2)                \
  ROW(kMambaOriginal)         \
  ROW(kMarian)                \
  ROW(kMbart)                 \
  ROW(kMimo)                  \
  ROW(kMimoV2Flash)           \
  ROW(kMinicpm)               \
  ROW(kMinicpm3)              \
  ROW(kMinicpmv)              \
  ROW(kMinimax)               \
  ROW(kMinimaxM2)             \
  ROW(kMinimaxM3)             \
  ROW(kMinimaxText01)         \
  ROW(kMinistral3)            \
  ROW(kMistral)               \
  ROW(kMistral4)              \
  ROW(kMixtral)               \
  ROW(kMllama)                \
  ROW(kModernBert)            \
  ROW(kMolmo)                 \
  ROW(kMpnet)                 \
  ROW(kMpt)                   \
  ROW(kNemotron)              \
  ROW(kNemotronH)             \
  ROW(kNemotronNas)           \
  ROW(kNomicBert)             \
  ROW(kOlmo)                  \
  ROW(kOlmo2)                 \
  ROW(kOlmo3)                 \
  ROW(kOlmoe)                 \
  ROW(kOlmoHybrid)            \
  ROW(kOpt)                   \
  ROW(kPegasus)               \
  ROW(kPersimmon)             \
  ROW(kPhi)                   \
  ROW(kPhi3)                  \
  ROW(kPhi3Small)             \
  ROW(kPhimoe)                \
  ROW(kQwen)                  \
  ROW(kQwen2)                 \
  ROW(kQwen2Moe)              \
  ROW(kQwen2Vl)               \
  ROW(kQwen3)                 \
  ROW(kQwen35)                \
  ROW(kQwen35Moe)             \
  ROW(kQwen3Moe)              \
  ROW(kQwen3Next)             \
  ROW(kRecurrentGemma)        \
  ROW(kRetnet)                \
  ROW(kRoberta)               \
  ROW(kRwkv5)                 \
  ROW(kRwkv6)                 \
  ROW(kRwkv7)                 \
  ROW(kSeedOss)               \
  ROW(kSmollm3)               \
  ROW(kSolarOpen)             \
  ROW(kStablelm)              \
  ROW(kStarcoder2)            \
  ROW(kStep35)                \
  ROW(kT5)                    \
  ROW(kWhisper)               \
  ROW(kXverse)                \
  ROW(kYoutu)                 \
  ROW(kZamba2)

namespace ctxcost::huggingface {

#define CTXCOST_DECLARE(name) extern const Family name;
CTXCOST_FAMILIES(CTXCOST_DECLARE)
#undef CTXCOST_DECLARE

std::span<const Family* const> families() {
#define CTXCOST_ADDRESS(name) &name,
  static constexpr const Family* kAll[] = {CTXCOST_FAMILIES(CTXCOST_ADDRESS)};
#undef CTXCOST_ADDRESS
  return kAll;
}

std::vector<std::string_view> words(std::string_view list) {
  std::vector<std::string_view> result;
  while (!list.empty()) {
    result.push_back(take_word(list));
  }
  return result;
}

bool lists(std::string_view list, std::string_view word) {
  if (word.empty() || word.find(' ') != std::string_view::npos) return false;
  for (std::size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

namespace {

/// Every model type with its family: a table with open addressing, which is made once.
class ModelTypes {
 public:
  ModelTypes() {
    for (std::size_t f = 0; f < families().size(); ++f) {
      const std::string_view types = families()[f]->model_types;
      for (std::string_view rest = types; !rest.empty();) {
        const std::string_view type = take_word(rest);
        Row& row = rows_[place_of(type)];
        // The first family of a type has it.
        if (row.family != 0) continue;
        row.family = static_cast<std::uint16_t>(f + 1);
        row.begin = static_cast<std::uint16_t>(type.data() - types.data());
        row.size = static_cast<std::uint16_t>(type.size());
      }
    }
  }

  const Family* find(std::string_view type) const {
    const Row& row = rows_[place_of(type)];
    return row.family == 0 ? nullptr : families()[row.family - 1u];
  }

 private:
  struct Row {
    std::uint16_t family = 0;  ///< from 1 on; 0: the row is free
    std::uint16_t begin = 0;   ///< of the type, in the family's list
    std::uint16_t size = 0;
  };

  std::string_view type_of(const Row& row) const {
    return families()[row.family - 1u]->model_types.substr(row.begin, row.size);
  }

  /// Where the type stands, or where it would. A test counts the types: at least half of the rows are free.
  std::size_t place_of(std::string_view type) const {
    // Few characters tell types apart, and the table is made in every run.
    const std::size_t size = type.size();
    std::size_t at = size;
    for (std::size_t i = 0; i < 5 && size > 0; ++i) at = at * 31 + static_cast<unsigned char>(type[(size - 1) * i / 4]);
    while (rows_[at % kRows].family != 0 && type_of(rows_[at % kRows]) != type) ++at;
    return at % kRows;
  }

  static constexpr std::size_t kRows = 512;
  std::array<Row, kRows> rows_;
};

}  // namespace

const Family* find_family(std::string_view model_type) {
  static const ModelTypes kTypes;
  return kTypes.find(model_type);
}

}  // namespace ctxcost::huggingface
