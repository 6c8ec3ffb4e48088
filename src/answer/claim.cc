#include "ctxcost/answer/claim.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"

namespace ctxcost {
namespace {

// ---- The figure as printed.

Count power_of(Count base, unsigned exponent) {
  Count product = 1;
  for (; exponent > 0; --exponent) product *= base;
  return product;
}

struct ClaimPrefix {
  std::string_view letter;  ///< before a unit or alone
  std::string_view word;    ///< "tera", before a unit
  std::string_view number;  ///< "trillion"
  unsigned thousands;
};

constexpr ClaimPrefix kClaimPrefixes[] = {
    {"k", "kilo", "thousand", 1},   {"m", "mega", "million", 2},     {"g", "giga", "billion", 3},
    {"b", "", "billion", 3},        {"t", "tera", "trillion", 4},    {"p", "peta", "quadrillion", 5},
    {"e", "exa", "quintillion", 6}, {"z", "zetta", "sextillion", 7},
};

struct ClaimNoun {
  std::string_view text;
  ClaimedQuantity quantity;
};

constexpr ClaimNoun kClaimNouns[] = {
    {"flops", ClaimedQuantity::flops},
    {"flop", ClaimedQuantity::flops},
    {"macs", ClaimedQuantity::macs},
    {"mac", ClaimedQuantity::macs},
    {"bytes", ClaimedQuantity::bytes},
    {"byte", ClaimedQuantity::bytes},
    {"b", ClaimedQuantity::bytes},
    {"scores", ClaimedQuantity::scores},
    {"score", ClaimedQuantity::scores},
    {"pairs", ClaimedQuantity::scores},
    {"parameters", ClaimedQuantity::parameters},
    {"params", ClaimedQuantity::parameters},
};

std::optional<ClaimedQuantity> claim_noun(std::string_view text) {
  for (const ClaimNoun& noun : kClaimNouns) {
    if (noun.text == text) return noun.quantity;
  }
  return std::nullopt;
}

/// Reads what stands behind the digits, in small letters without spaces. False where it means nothing.
bool read_unit(std::string_view text, Claim& claim) {
  if (text.empty()) return true;
  if (text != "b") {
    if (const auto quantity = claim_noun(text)) {
      claim.quantity = *quantity;
      return true;
    }
  }
  for (const ClaimPrefix& prefix : kClaimPrefixes) {
    for (const std::string_view said : {prefix.number, prefix.word, prefix.letter}) {
      if (said.empty() || !text.starts_with(said)) continue;
      std::string_view rest = text.substr(said.size());
      const bool binary = said == prefix.letter && rest.starts_with("i") && prefix.letter != "b";
      if (binary) rest.remove_prefix(1);
      const auto quantity = claim_noun(rest);
      if (!rest.empty() && !quantity) continue;
      if (binary && quantity != ClaimedQuantity::bytes) continue;
      if (prefix.letter == "b" && quantity == ClaimedQuantity::bytes) continue;
      if (rest.empty() && said == prefix.word) continue;
      claim.unit = binary ? power_of(1024, prefix.thousands) : power_of(1000, prefix.thousands);
      if (quantity) claim.quantity = *quantity;
      if (claim.quantity == ClaimedQuantity::bytes) {
        claim.other_unit = binary ? power_of(1000, prefix.thousands) : power_of(1024, prefix.thousands);
      }
      return true;
    }
  }
  return false;
}

// ---- The ways of counting.

/// A choice with what it changes; no words: the default.
template <typename Value>
struct Choice {
  Value value;
  std::string change;
};

/// Products and sums that stay empty where a part is unknown.

std::optional<Count> whole_quotient(std::optional<Count> a, Count b) {
  return a && b > 0 && *a % b == 0 ? std::optional(*a / b) : std::nullopt;
}

enum class MaskRule { reach, exact, half };
enum class Products { both, scores_only, none };
enum class LogitRows { none, last, all };

/// Whether `more` is `less` with further changes that do not change the value.
bool holds_all_of(const Reading& more, const Reading& less) {
  if (more.subject != less.subject || more.value != less.value || more.unit_meant != less.unit_meant) return false;
  return std::all_of(less.changes.begin(), less.changes.end(), [&more](const std::string& change) {
    return std::find(more.changes.begin(), more.changes.end(), change) != more.changes.end();
  });
}

class ReadingSearch {
 public:
  explicit ReadingSearch(const ClaimQuestion& question) : question_(question), model_(*question.model) {
    answer_.model = question.model;
    answer_.claim = question.claim;
    answer_.context = question.context;
    answer_.batch = question.batch;
    answer_.workload = question.workload;
    find_contexts();
    batches_.push_back({question.batch, ""});
    if (question.batch != 1) batches_.push_back({1, "1 sequence rather than " + with_separators(question.batch)});
  }

  ClaimAnswer run() {
    switch (question_.claim.quantity) {
      case ClaimedQuantity::flops:
      case ClaimedQuantity::macs: search_work(); break;
      case ClaimedQuantity::bytes: search_bytes(); break;
      case ClaimedQuantity::scores: search_scores(); break;
      case ClaimedQuantity::parameters: search_parameters(); break;
      case ClaimedQuantity::count:
        search_scores();
        search_parameters();
        break;
    }
    std::vector<Reading>& all = answer_.readings;
    std::stable_sort(all.begin(), all.end(),
                     [](const Reading& a, const Reading& b) { return a.changes.size() < b.changes.size(); });
    // A change that changes nothing explains nothing.
    std::vector<Reading> needed;
    for (Reading& reading : all) {
      if (std::none_of(needed.begin(), needed.end(),
                       [&](const Reading& less) { return holds_all_of(reading, less); })) {
        needed.push_back(std::move(reading));
      }
    }
    all = std::move(needed);
    return std::move(answer_);
  }

 private:
  /// 131,072 tokens are "128K"; so are 128,000.
  void find_contexts() {
    const Count n = question_.context;
    contexts_.push_back({n, ""});
    const auto other = [&](Count from, Count to) -> std::optional<Count> {
      Count whole = n;
      unsigned times = 0;
      while (whole > 0 && whole % from == 0 && times < 3) {
        whole = whole / from;
        ++times;
      }
      if (times == 0) return std::nullopt;
      return whole * power_of(to, times);
    };
    std::optional<Count> found = other(1024, 1000);
    if (!found) found = other(1000, 1024);
    if (found) contexts_.push_back({*found, with_separators(*found) + " tokens rather than " + with_separators(n)});
  }

  void try_reading(std::string_view subject, std::optional<Count> value, std::vector<std::string> changes) {
    std::erase(changes, "");
    ++answer_.tried;
    if (changes.empty() && answer_.default_subject.empty()) {
      answer_.default_subject = subject;
      answer_.default_value = value;
    }
    if (!value) return;
    const Claim& claim = question_.claim;
    try {
      if (claim.states(*value)) {
        add({std::string(subject), changes, *value, claim.unit});
      }
      if (claim.other_unit && claim.states(*value, *claim.other_unit)) {
        changes.push_back(claim.unit % 1000 == 0 ? "powers of 1024 (GiB) called by the decimal name"
                                                 : "powers of 1000 (GB) called by the binary name");
        add({std::string(subject), std::move(changes), *value, *claim.other_unit});
      }
    } catch (const CountOverflow&) {
      // A figure of that size is none that anybody printed.
    }
  }

  void add(Reading reading) { answer_.readings.push_back(std::move(reading)); }

  const Estimate& estimate(Count n, Count batch, Count flops_per_mac, PairRule rule, Logits logits) {
    const auto key = std::tuple(n, batch, flops_per_mac == 2, rule, logits);
    if (const auto known = estimates_.find(key); known != estimates_.end()) return known->second;
    Workload workload = question_.workload;
    workload.convention = {"", flops_per_mac, rule};
    workload.logits = logits;
    return estimates_.emplace(key, Estimator(question_.model, workload).at(n, batch)).first->second;
  }

  /// Multiply-adds of Q K^T in all layers; empty where a mixer has others than scores.
  std::optional<Count> score_macs(Count n, Count batch, PairRule rule) const {
    Count total;
    for (const LayerGroup& group : model_.groups) {
      for (const auto& mixer : group.mixers) {
        if (!mixer->traits().softmax) return std::nullopt;
        const std::optional<Work> work = mixer->prefill(n, rule);
        if (!work) return std::nullopt;
        total += group.count() * batch * work->scores * mixer->shape().d_k;
      }
    }
    return total;
  }

  /// The same heads in every layer; empty where there are others.
  std::optional<Count> heads() const {
    std::optional<Count> all;
    for (const LayerGroup& group : model_.groups) {
      for (const auto& mixer : group.mixers) {
        if (all && *all != mixer->shape().heads) return std::nullopt;
        all = mixer->shape().heads;
      }
    }
    return all;
  }

  std::string layers_text() const { return "one layer rather than all " + with_separators(model_.layers()); }

  void search_work() {
    const Convention& convention = question_.workload.convention;
    const bool macs = question_.claim.quantity == ClaimedQuantity::macs;
    const auto default_rule = convention.pairs == PairRule::reach ? MaskRule::reach : MaskRule::exact;
    std::vector<Choice<Count>> per_mac = {{macs ? Count{1} : convention.flops_per_mac, ""}};
    if (!macs) {
      const Count other = convention.flops_per_mac == 1 ? 2 : 1;
      per_mac.push_back({other, to_string(other) + " FLOP" + (other == 1 ? "" : "s") +
                                    " per multiply-add rather than " + to_string(convention.flops_per_mac)});
    }
    const auto said = [&](MaskRule rule, const char* text) { return rule == default_rule ? "" : text; };
    const Choice<MaskRule> rules[] = {
        {MaskRule::reach, said(MaskRule::reach, "every query charged all keys: no causal mask")},
        {MaskRule::exact, said(MaskRule::exact, "causal: unmasked pairs only")},
        {MaskRule::half, "half of all pairs, for a causal mask"}};
    const Choice<Products> products[] = {{Products::both, ""},
                                         {Products::scores_only, "Q K^T alone, without the values"},
                                         {Products::none, "without attention"}};
    const Choice<bool> linears[] = {{false, ""}, {true, "with the linear layers"}};
    const Choice<LogitRows> logits[] = {{LogitRows::none, ""},
                                        {LogitRows::last, "with logits of the last token"},
                                        {LogitRows::all, "with logits of every token"}};
    const Choice<bool> embeddings[] = {{false, ""}, {true, "with the embedding counted as a matrix product"}};
    const Choice<bool> layers[] = {{false, ""}, {true, model_.layers() > 1 ? layers_text() : ""}};
    const std::optional<Count> all_heads = heads();
    const Choice<bool> one_head[] = {
        {false, ""}, {true, all_heads && *all_heads > 1 ? "one head rather than all " + to_string(*all_heads) : ""}};

    for (const auto& n : contexts_)
      for (const auto& batch : batches_)
        for (const auto& flops : per_mac)
          for (const auto& product : products)
            for (const auto& rule : rules)
              for (const auto& linear : linears)
                for (const auto& embedding : embeddings)
                  for (const auto& rows : logits)
                    for (const auto& head : one_head)
                      for (const auto& layer : layers) {
                        const bool outside = rows.value != LogitRows::none || embedding.value;
                        if (layer.value && (layer.change.empty() || outside)) continue;
                        if (head.value && (head.change.empty() || outside || linear.value)) continue;
                        if (product.value == Products::none && (!linear.value || rule.value != default_rule)) continue;
                        try {
                          try_reading(macs ? "MACs of a prefill" : "FLOPs of a prefill",
                                      work(n.value, batch.value, flops.value, rule.value, product.value, linear.value,
                                           rows.value, embedding.value, layer.value, head.value),
                                      {n.change, batch.change, flops.change, rule.change, product.change, linear.change,
                                       rows.change, embedding.change, layer.change, head.change});
                        } catch (const CountOverflow&) {
                          // No figure of that size was printed.
                        }
                      }
  }

  std::optional<Count> work(Count n, Count batch, Count per_mac, MaskRule mask, Products products, bool linear,
                            LogitRows rows, bool embedding, bool layer, bool head) {
    const PairRule rule = mask == MaskRule::exact ? PairRule::exact : PairRule::reach;
    const Estimate& all = estimate(n, batch, per_mac, rule, rows == LogitRows::all ? Logits::all : Logits::last);
    std::optional<Count> total = Count{};
    if (products == Products::both) total = all.count(Metric::attention_flops);
    if (products == Products::scores_only) {
      total = score_macs(n, batch, rule);
      if (total) *total *= per_mac;
    }
    if (mask == MaskRule::half) total = whole_quotient(total, 2);
    if (linear) total = known_sum(total, all.count(Metric::linear_flops));
    if (rows != LogitRows::none) total = known_sum(total, all.count(Metric::logits_flops));
    if (embedding) {
      total = model_.vocab && model_.d_model ? known_sum(total, per_mac * *model_.vocab * *model_.d_model * n * batch)
                                             : std::nullopt;
    }
    if (layer) total = model_.groups.size() == 1 ? whole_quotient(total, model_.layers()) : std::nullopt;
    if (head) total = whole_quotient(total, heads().value_or(0));
    return total;
  }

  void search_scores() {
    const auto default_rule = question_.workload.convention.pairs;
    const Choice<MaskRule> rules[] = {
        {MaskRule::reach, default_rule == PairRule::reach ? "" : "every query charged all keys: no causal mask"},
        {MaskRule::exact, default_rule == PairRule::exact ? "" : "causal: unmasked pairs only"},
        {MaskRule::half, "half of all pairs, for a causal mask"}};
    const std::string layers = with_separators(model_.layers());
    const Choice<Metric> scopes[] = {{Metric::scores_per_head, ""},
                                     {Metric::scores_per_layer, "all heads of one layer rather than one head"},
                                     {Metric::scores, "all heads of all " + layers + " layers rather than one head"}};
    for (const auto& n : contexts_) {
      for (const auto& batch : batches_) {
        for (const auto& rule : rules) {
          for (const auto& scope : scopes) {
            if (scope.value == Metric::scores_per_head && !batch.change.empty()) continue;
            const Estimate& all =
                estimate(n.value, batch.value, 1, rule.value == MaskRule::exact ? PairRule::exact : PairRule::reach,
                         Logits::last);
            std::optional<Count> value = all.count(scope.value);
            if (rule.value == MaskRule::half) value = whole_quotient(value, 2);
            try_reading("score pairs", value, {n.change, batch.change, rule.change, scope.change});
          }
        }
      }
    }
  }

  void search_parameters() {
    const Estimate& all = estimate(question_.context, question_.batch, 1, PairRule::reach, Logits::last);
    const Choice<Metric> kinds[] = {
        {Metric::parameters, ""},
        {Metric::parameters_non_embedding, "layers and final norm only: no embedding, no head"},
        {Metric::active_parameters, "those that work for one token: active experts only"},
        {Metric::active_parameters_without_embedding, "those that work for one token, without the input embedding"}};
    for (const auto& kind : kinds) try_reading("parameters", all.count(kind.value), {kind.change});
  }

  void search_bytes();

  const ClaimQuestion& question_;
  const Model& model_;
  ClaimAnswer answer_;
  std::vector<Choice<Count>> contexts_, batches_;
  std::map<std::tuple<Count, Count, bool, PairRule, Logits>, Estimate> estimates_;
};

/// Bits that an element may be taken to have.
constexpr unsigned kBits[] = {32, 16, 8, 4};

void ReadingSearch::search_bytes() {
  // Of each layer's heads; only keys and values have them.
  std::optional<Count> query_heads = heads(), kv_heads;
  bool alike = query_heads.has_value();
  for (const LayerGroup& group : model_.groups) {
    for (const auto& mixer : group.mixers) {
      if (kv_heads && *kv_heads != mixer->shape().kv_heads) alike = false;
      kv_heads = mixer->shape().kv_heads;
      for (const CachePart& part : mixer->cache()) {
        if (part.name != "keys" && part.name != "values") alike = false;
      }
    }
  }
  std::vector<Choice<Count>> head_choices = {{0, ""}};
  if (alike && kv_heads && *query_heads != *kv_heads) {
    head_choices.push_back({*query_heads, "the " + to_string(*query_heads) + " query heads rather than the " +
                                              to_string(*kv_heads) + " KV heads"});
  }
  if (alike && kv_heads && *kv_heads > 8 && *kv_heads % 8 == 0) {
    head_choices.push_back({8, "8 KV heads (grouped-query attention) rather than " + to_string(*kv_heads)});
  }
  const Choice<bool> keys_alone[] = {{false, ""}, {true, "keys alone, without values"}};
  const Choice<bool> layers[] = {{false, ""}, {true, model_.layers() > 1 ? layers_text() : ""}};

  Workload bytes_of_elements = question_.workload;  // one byte an element
  bytes_of_elements.kv = parse_kv_precision("int8", "claim");
  const Estimator own(question_.model, question_.workload);
  const Estimator elements(question_.model, bytes_of_elements);

  std::vector<Choice<std::optional<Count>>> weights = {{Count{}, ""}};
  const Estimate& any = estimate(question_.context, question_.batch, 1, PairRule::reach, Logits::last);
  weights.push_back({any.count(Metric::weights_bytes), "with the weights"});
  if (const auto parameters = any.count(Metric::parameters)) {
    for (const unsigned bits : kBits) {
      const Count bytes = ceil_div(*parameters * bits, 8);
      if (bytes != any.count(Metric::weights_bytes)) {
        weights.push_back({bytes, "with weights of " + std::to_string(bits) + " bits"});
      }
    }
  }
  const auto keys_of = [](const EstimateDetails& details) {
    std::optional<Count> keys;
    for (const NamedBytes& part : details.cache_parts) {
      if (part.name == "keys") keys = part.bytes;
    }
    return keys;
  };

  for (const auto& n : contexts_) {
    for (const auto& batch : batches_) {
      const EstimateDetails own_parts = own.details(n.value, batch.value);
      const EstimateDetails element_parts = elements.details(n.value, batch.value);
      const std::optional<Count> own_bytes = own.at(n.value, batch.value).count(Metric::kv_cache_bytes);
      const std::optional<Count> element_bytes = elements.at(n.value, batch.value).count(Metric::kv_cache_bytes);
      std::vector<Choice<std::pair<std::optional<Count>, std::optional<Count>>>> caches = {
          // all, and the keys
          {{own_bytes, keys_of(own_parts)}, ""}};
      for (const unsigned bits : kBits) {
        const auto of_bits = [bits](std::optional<Count> bytes) {
          return bytes ? std::optional(ceil_div(*bytes * bits, 8)) : std::nullopt;
        };
        if (of_bits(element_bytes) == own_bytes) continue;
        caches.push_back({{of_bits(element_bytes), of_bits(keys_of(element_parts))},
                          "a cache of " + std::to_string(bits) + " bits an element"});
      }
      for (const auto& cache : caches) {
        for (const auto& head : head_choices) {
          for (const auto& keys : keys_alone) {
            for (const auto& layer : layers) {
              if (layer.value && layer.change.empty()) continue;
              for (const auto& weight : weights) {
                if (layer.value && !weight.change.empty()) continue;
                std::optional<Count> value = keys.value ? cache.value.second : cache.value.first;
                if (head.value != 0) value = value ? whole_quotient(*value * head.value, *kv_heads) : std::nullopt;
                if (layer.value)
                  value = model_.groups.size() == 1 ? whole_quotient(value, model_.layers()) : std::nullopt;
                try_reading(
                    "KV cache", known_sum(value, weight.value),
                    {n.change, batch.change, cache.change, head.change, keys.change, layer.change, weight.change});
              }
            }
          }
        }
      }
      if (!batch.change.empty() || !n.change.empty()) continue;
      for (std::size_t i = 1; i < weights.size(); ++i) {
        const bool stored = i == 1;
        try_reading("weights", weights[i].value,
                    {"weights rather than the cache", stored ? "" : weights[i].change.substr(5)});
      }
    }
    const Estimate& all = estimate(n.value, question_.batch, 1, PairRule::reach, Logits::last);
    try_reading("score matrix", all.count(Metric::score_matrix_bytes),
                {n.change, "the score matrix of a layer rather than the cache"});
  }
}

}  // namespace

bool Claim::states(Count exact, Count unit_meant) const {
  // digits - 1/2 <= exact 10^decimals / unit < digits + 1/2
  const Count scaled = exact * 2 * power_of(10, decimals);
  const Count twice = digits * 2;
  return scaled < (twice + 1) * unit_meant && (digits == 0 || scaled >= (twice - 1) * unit_meant);
}

Claim parse_claim(std::string_view text, std::string_view source) {
  Claim claim;
  claim.text = text;
  const auto fault = [&](const char* found) -> InputError {
    return InputError(Diagnostic{std::string(source), "",
                                 "expected a figure, found \"" + std::string(text) + "\"" + found,
                                 "268 TFLOPs, 40 GB, 16.4 billion scores, 8.03B parameters"});
  };
  std::size_t at = 0;
  bool point = false, any = false;
  for (; at < text.size(); ++at) {
    if (is_digit(text[at])) {
      if (claim.digits > power_of(10, 30)) throw fault(": more than 30 digits");
      claim.digits = claim.digits * 10 + static_cast<unsigned>(text[at] - '0');
      claim.decimals += point ? 1 : 0;
      any = true;
    } else if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] != ',' || point) {
      break;
    }
  }
  std::string unit;
  for (const char c : text.substr(at)) {
    if (c != ' ') unit += lower_case(c);
  }
  if (!any || !read_unit(unit, claim)) throw fault("");
  return claim;
}

ClaimAnswer find_readings(const ClaimQuestion& question) { return ReadingSearch(question).run(); }

std::vector<Count> contexts_that_give(const ClaimQuestion& question) {
  std::vector<Count> contexts;
  std::size_t fewest = 0;
  ClaimQuestion elsewhere = question;
  for (Count context = 1024; context <= 1'048'576; context *= 2) {
    if (context == question.context) continue;
    elsewhere.context = context;
    const ClaimAnswer answer = find_readings(elsewhere);
    if (answer.readings.empty()) continue;
    const std::size_t changes = answer.readings.front().changes.size();
    if (contexts.empty() || changes < fewest) {
      contexts.clear();
      fewest = changes;
    }
    if (changes == fewest) contexts.push_back(context);
  }
  return contexts;
}

}  // namespace ctxcost
