#include "ctxcost/deployment/parallelism.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/divided.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/machine.h"
#include "group_of_layer.h"
#include "model/most_kinds.h"

namespace ctxcost {
namespace {

struct Degree {
  std::string_view name;
  Count Parallelism::*field;
};
constexpr Degree kDegrees[] = {
    {"tp", &Parallelism::tensor}, {"pp", &Parallelism::pipeline}, {"cp", &Parallelism::context},
    {"ep", &Parallelism::expert}, {"dp", &Parallelism::data},     {"dcp", &Parallelism::decode_context},
};
/// More devices than any machine has. This bounds the work of `split`.
constexpr Count kMostDevices = 1 << 16;
/// More layers than any model has. A search builds many splits, each of which lists the layers of each device.
constexpr Count kMostLayers = 1 << 14;
/// Layers of many kinds are counted one by one.
constexpr Count kMostUnlikeLayers = 1 << 11;
constexpr std::size_t kFewKinds = 32;

[[noreturn]] void fail(std::string message, std::string hint = "") {
  throw InputError(setting_fault("parallel", std::move(message), std::move(hint)));
}

/// "16+32"
std::string layers_text(const std::vector<Count>& layers) {
  std::string text;
  for (const Count count : layers) text.append(text.empty() ? "" : "+").append(to_string(count));
  return text;
}

/// Reads "16+32", the layers of each stage. Empty if the text is not that.
std::vector<Count> read_layers(std::string_view text) {
  std::vector<Count> layers;
  for (const std::string_view stage : divided(text, '+')) {
    const std::optional<Count> count = parse_digits(stage);
    if (!count || *count == 0 || *count > kMostLayers || Count{layers.size()} > kMostDevices) return {};
    layers.push_back(*count);
  }
  return layers;
}

/// Returns the part of `whole` that one of `ranks` holds. The split is as even as possible; the first ranks hold one
/// more.
Count part(Count whole, Count ranks, Count rank) { return whole / ranks + (rank < whole % ranks ? 1 : 0); }

/// The place of a device: its tensor rank and its expert rank.
struct Position {
  Count tensor_rank, expert_rank;
};

/// How experts are split: whole experts over `spread` ranks, and each expert over `tensor` ranks.
struct ExpertSplit {
  Count spread, tensor;
};

/// Each expert is split over the tensor ranks that ep does not use: all of them without ep, none if ep uses them all.
ExpertSplit expert_split(const Parallelism& parallelism) {
  const bool more = parallelism.tensor > parallelism.expert;
  return {parallelism.expert, more ? parallelism.tensor / parallelism.expert : Count{1}};
}

FeedForward split_feed_forward(FeedForward ffn, const Parallelism& parallelism, Position at) {
  if (ffn.d_ff) ffn.d_ff = part(*ffn.d_ff, parallelism.tensor, at.tensor_rank);
  if (!ffn.experts) return ffn;
  Experts& moe = *ffn.experts;
  const ExpertSplit cut = expert_split(parallelism);
  moe.count = part(moe.count, cut.spread, at.expert_rank);
  moe.active = min(moe.active, moe.count);
  moe.d_ff = part(moe.d_ff, cut.tensor, at.tensor_rank % cut.tensor);
  moe.shared_d_ff = part(moe.shared_d_ff, parallelism.tensor, at.tensor_rank);
  return ffn;
}

/// Projections and norms of per-layer embeddings work in the first layer; an embedding's norm is where the embedding is
/// [llama.cpp src/llama-arch.cpp LLM_TENSOR_INFOS].
bool in_first_layer(const ModelTensor& entry) {
  return entry.place == Place::other && !entry.tensor.name.starts_with("token_embd");
}

/// Returns the tensors outside the layers that a device of that stage holds.
std::vector<ModelTensor> split_tensors(const Model& model, const Parallelism& parallelism, const PlacedLayers& stage,
                                       Position at) {
  std::vector<ModelTensor> kept;
  for (ModelTensor entry : model.tensors) {
    const bool is_head = entry.place == Place::head || (entry.place == Place::embedding && model.tied_embeddings);
    const bool at_end = is_head || entry.place == Place::final_norm || entry.place == Place::once;
    const bool at_start = entry.place == Place::embedding || entry.place == Place::table || entry.place == Place::other;
    const bool starts = in_first_layer(entry) ? stage.first == 0 && stage.end > 0 : stage.has_input;
    if (!((at_end && stage.has_output) || (at_start && starts))) continue;
    if (entry.place == Place::embedding || entry.place == Place::head) {
      // The vocabulary is split: rows of a matrix, entries of a bias.
      Count& vocabulary = entry.tensor.use == TensorUse::vector ? entry.tensor.columns : entry.tensor.rows;
      vocabulary = part(vocabulary, parallelism.tensor, at.tensor_rank);
    }
    kept.push_back(entry);
  }
  return kept;
}

/// What a device's part has in common with the whole model. Files and stored types describe the whole model, and so do
/// the figures that are shown beside it.
Model without_parts(const Model& model) {
  Model rest;
  rest.name = model.name;
  rest.id = model.id;
  rest.family = model.family;
  rest.origin = model.origin;
  rest.source = model.source;
  rest.d_model = model.d_model;
  rest.vocab = model.vocab;
  rest.tied_embeddings = model.tied_embeddings;
  rest.embedding_known = model.embedding_known;
  rest.positions = model.positions;
  rest.gguf = model.gguf;
  rest.weights = model.weights;
  rest.activation = model.activation;
  rest.kv = model.kv;
  rest.recurrent_state = model.recurrent_state;
  rest.next_token_mixers = model.next_token_mixers;
  rest.next_token_embedding = model.next_token_embedding;
  rest.cross_tokens = model.cross_tokens;
  rest.batch = model.batch;
  rest.notes = model.notes;
  return rest;
}

Model split_model(const Model& model, const Model& rest, const GroupOfLayer& groups, const Parallelism& parallelism,
                  const PlacedLayers& stage, Position at) {
  Model share = rest;
  share.tensors = split_tensors(model, parallelism, stage, at);
  if (share.vocab) share.vocab = part(*share.vocab, parallelism.tensor, at.tensor_rank);
  share.next_token_layers = stage.next_token_layers;
  if (parallelism.tensor > 1) {
    for (auto& mixer : share.next_token_mixers) mixer = shard_mixer(*mixer, parallelism.tensor, at.tensor_rank);
  }
  const std::vector<std::size_t> held = groups.within(stage.first, stage.end);
  share.groups.reserve(held.size());
  for (const std::size_t g : held) {
    const LayerGroup& group = model.groups[g];
    LayerGroup& kept = share.groups.emplace_back();
    const auto reaches = [](std::uint32_t layer, Count bound) { return Count{layer} < bound; };
    const auto first = std::lower_bound(group.layers.begin(), group.layers.end(), stage.first, reaches);
    kept.layers.assign(first, std::lower_bound(first, group.layers.end(), stage.end, reaches));
    kept.mixers = group.mixers;
    for (auto& mixer : kept.mixers) {
      if (parallelism.tensor > 1) mixer = shard_mixer(*mixer, parallelism.tensor, at.tensor_rank);
    }
    kept.feed_forward = split_feed_forward(group.feed_forward, parallelism, at);
    kept.extras = group.extras;
    kept.stack = group.stack;
  }
  return share;
}

/// Whether all tensor ranks hold equal parts of a mixer: the first one, whose parts are the largest, and the last one
/// do. What is split has weights, a cache, a state or heads.
bool same_on_all_ranks(const Mixer& mixer, Count ranks) {
  const auto first = shard_mixer(mixer, ranks, 0);
  const auto last = shard_mixer(mixer, ranks, ranks - 1);
  const auto tensors = first->tensors();
  const auto same_cache = [](const CachePart& a, const CachePart& b) {
    return a.heads == b.heads && a.width == b.width;
  };
  const auto same_state = [](const StatePart& a, const StatePart& b) { return a.elements == b.elements; };
  return tensors && tensors == last->tensors() && first->shape().heads == last->shape().heads &&
         first->shape().kv_heads == last->shape().kv_heads && first->score_heads() == last->score_heads() &&
         std::equal(first->cache().begin(), first->cache().end(), last->cache().begin(), last->cache().end(),
                    same_cache) &&
         std::equal(first->state().begin(), first->state().end(), last->state().begin(), last->state().end(),
                    same_state);
}

/// The numbers that a tensor rank's part depends on. Ranks on the same side of every remainder hold equal parts.
std::vector<Count> tensor_remainders(const Model& model, Count ranks) {
  std::vector<Count> remainders;
  if (ranks == 1) return remainders;
  const auto add = [&](Count whole) { remainders.push_back(whole % ranks); };
  if (model.vocab) add(*model.vocab);
  for (const LayerGroup& group : model.groups) {
    if (group.feed_forward.d_ff) add(*group.feed_forward.d_ff);
    if (group.feed_forward.experts) {
      add(group.feed_forward.experts->d_ff);
      add(group.feed_forward.experts->shared_d_ff);
    }
    for (const auto& mixer : group.mixers) {
      if (same_on_all_ranks(*mixer, ranks)) continue;
      add(mixer->shape().heads);
      add(mixer->shape().kv_heads);
      for (const auto& [name, value] : mixer->settings().all()) {
        if (const auto* width = std::get_if<Count>(&value)) add(*width);
      }
      if (!model.d_model) continue;
      add(*model.d_model);
      // Recurrences are split by the heads of their inner width.
      const MixerSettings& settings = mixer->settings();
      const Count head = settings.count_or("head_dim", 1);
      add(settings.count_or("inner", settings.count_or("expand", 2) * *model.d_model) / head);
      add(*model.d_model / head);
    }
  }
  std::sort(remainders.begin(), remainders.end());
  remainders.erase(std::unique(remainders.begin(), remainders.end()), remainders.end());
  return remainders;
}

/// Returns why tensor ranks would get unequal parts of a layer: each needs whole query heads, whole or replicated KV
/// heads, and whole heads of a recurrence. Engines pad feed-forwards and vocabularies. Empty if the parts are equal.
/// [vllm/config/model.py verify_with_parallel_config; vllm/model_executor/layers/mamba/mamba_mixer2.py]
std::string uneven(const Model& model, Count ranks) {
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      const MixerShape& shape = mixer->shape();
      if (mixer->score_heads() == 0) {
        const std::optional<Count> heads = mixer->recurrent_heads();
        if (heads && *heads % ranks != 0) {
          return to_string(*heads) + " heads of \"" + std::string(mixer->kind()) + "\" do not divide by " +
                 to_string(ranks);
        }
        continue;
      }
      if (shape.heads % ranks != 0) {
        return to_string(shape.heads) + " query heads do not divide by " + to_string(ranks);
      }
      const bool divides = shape.kv_heads == 0 || shape.kv_heads % ranks == 0 || ranks % shape.kv_heads == 0;
      if (!divides) {
        return "of " + to_string(shape.kv_heads) + " KV heads and " + to_string(ranks) +
               " devices neither divides the other";
      }
    }
  }
  return {};
}

/// Refuses a split of a cache's tokens over tensor ranks that hold different heads: only ranks that would hold copies
/// of the same heads, or of latents, can share the tokens. [vllm/config/model.py verify_with_parallel_config]
void check_decode_context(const Model& model, const Parallelism& parallelism) {
  const Count shared = parallelism.decode_context;
  if (shared == 1) return;
  const std::string asked = "dcp=" + to_string(shared);
  if (parallelism.tensor % shared != 0) fail(asked + ": expected a divisor of tp=" + to_string(parallelism.tensor));
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned || part.role != CacheRole::key || shared * part.heads <= parallelism.tensor) continue;
        fail(asked + ": the " + to_string(part.heads) +
                 " KV heads have too few copies on tp=" + to_string(parallelism.tensor) + " to share their tokens",
             "tp of at least " + to_string(shared * part.heads));
      }
    }
  }
}

/// The nearest degrees that divide.
std::string nearest_even(const Model& model, Count ranks) {
  std::string hint;
  Count most;
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) most = max(most, mixer->shape().heads);
  }
  for (Count less = ranks - 1; less > 1; less = less - 1) {
    if (!uneven(model, less).empty()) continue;
    hint = "tp=" + to_string(less);
    break;
  }
  for (Count more = ranks + 1; more <= min(most, kMostDevices); more += 1) {
    if (!uneven(model, more).empty()) continue;
    return (hint.empty() ? "" : hint + " or ") + "tp=" + to_string(more);
  }
  return hint;
}

void check(const Model& model, const Parallelism& parallelism) {
  if (parallelism.devices() > kMostDevices) fail(to_string(parallelism.devices()) + " devices are more than 65,536");
  check_layers(model);
  Count layers, heads, experts;
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::decoder) layers += group.count();
    if (group.feed_forward.experts) experts = max(experts, group.feed_forward.experts->count);
    for (const auto& mixer : group.mixers) {
      if (mixer->score_heads() > 0) heads = heads == 0 ? mixer->shape().heads : min(heads, mixer->shape().heads);
    }
  }
  if (parallelism.pipeline > 1 && parallelism.pipeline > layers) {
    fail("pp=" + to_string(parallelism.pipeline) + ": expected at most the " + to_string(layers) + " layers as stages");
  }
  if (parallelism.pipeline > 1 && model.has_encoder()) fail("pp of an encoder-decoder is not modelled", "use tp");
  if (parallelism.pipeline > 1 && model.shares_weights()) {
    fail("pp of a model whose layers share weights is not modelled", "use tp");
  }
  if (heads > 0 && parallelism.tensor > heads) {
    fail("tp=" + to_string(parallelism.tensor) + ": expected at most the " + to_string(heads) + " query heads");
  }
  if (parallelism.expert > 1 && experts == 0)
    fail("ep=" + to_string(parallelism.expert) + ": the model has no experts");
  const Count others = parallelism.tensor * parallelism.context * parallelism.data;
  if (parallelism.expert > 1 && others % parallelism.expert != 0 && parallelism.expert % others != 0) {
    fail("ep=" + to_string(parallelism.expert) +
         ": expected a divisor or a multiple of tp*cp*dp = " + to_string(others));
  }
  if (parallelism.tensor > parallelism.expert && parallelism.tensor % parallelism.expert != 0) {
    fail("ep=" + to_string(parallelism.expert) +
         ": expected a divisor or a multiple of tp=" + to_string(parallelism.tensor));
  }
  if (parallelism.expert > 1 && parallelism.expert > experts) {
    fail("ep=" + to_string(parallelism.expert) + ": expected at most the " + to_string(experts) + " experts");
  }
}

/// The layers that were given for the stages are all of the model's.
void check_layers_given(const Parallelism& parallelism, Count layers) {
  if (parallelism.layers.empty()) return;
  Count given;
  for (const Count count : parallelism.layers) given += count;
  if (given == layers) return;
  fail("pp=" + layers_text(parallelism.layers) + ": expected the " + to_string(layers) +
       " layers of the model, found " + to_string(given));
}

/// The devices of one stage by what they hold: counts those that hold equal parts, by the class of their tensor and
/// expert ranks.
class Classes {
 public:
  using Key = std::tuple<std::ptrdiff_t, bool, bool>;

  Classes(const Model& model, const Parallelism& parallelism)
      : parallelism_(parallelism),
        remainders_(tensor_remainders(model, parallelism.tensor)),
        cut_(expert_split(parallelism)),
        stage_devices_(parallelism.devices() / parallelism.pipeline) {
    for (const LayerGroup& group : model.groups) {
      if (!group.feed_forward.experts) continue;
      experts_ = group.feed_forward.experts->count;
      expert_width_ = group.feed_forward.experts->d_ff;
    }
    for (Count device = 0; device < stage_devices_; device += 1) {
      const Position at = position(device);
      classes_.try_emplace(key_of(at), at, Count{}).first->second.second += 1;
    }
  }

  std::size_t size() const { return classes_.size(); }
  /// Returns a position of each class, and the number of its devices in a stage.
  const std::map<Key, std::pair<Position, Count>>& of_any_stage() const { return classes_; }

  /// A position of a class, and the number of its devices of each group of cards.
  using OfGroups = std::pair<Position, std::map<std::size_t, Count>>;
  std::vector<OfGroups> of_stage(std::size_t stage, const Machine& machine) const {
    std::map<Key, std::map<std::size_t, Count>> devices;
    for (Count device = 0; device < stage_devices_; device += 1) {
      const std::size_t group = machine.group_of(device_number(parallelism_, stage, device));
      devices[key_of(position(device))][group] += 1;
    }
    std::vector<OfGroups> all;
    all.reserve(devices.size());
    for (auto& [key, groups] : devices) all.emplace_back(classes_.at(key).first, std::move(groups));
    return all;
  }

 private:
  Position position(Count device) const {
    return {device % parallelism_.tensor, device / cut_.tensor % parallelism_.expert};
  }
  Key key_of(const Position& at) const {
    const bool fewer_experts = experts_ % parallelism_.expert > 0 && at.expert_rank >= experts_ % parallelism_.expert;
    const bool narrower = at.tensor_rank % cut_.tensor >= expert_width_ % cut_.tensor;
    const auto tensor_class =
        std::upper_bound(remainders_.begin(), remainders_.end(), at.tensor_rank) - remainders_.begin();
    return {tensor_class, fewer_experts, narrower};
  }

  const Parallelism& parallelism_;
  std::vector<Count> remainders_;
  ExpertSplit cut_;
  Count stage_devices_;
  Count experts_, expert_width_;
  std::map<Key, std::pair<Position, Count>> classes_;
};

}  // namespace

void check_layers(const Model& model) {
  const auto refuse = [&model](Count most, std::string_view what, Count found) {
    throw InputError(Diagnostic{model.name, "",
                                "expected at most " + with_separators(most) + " " + std::string(what) +
                                    " to place on devices, found " + with_separators(found),
                                "`ctxcost scale` counts more"});
  };
  const Count layers = model.layers();
  const std::size_t kinds = model.groups.size();
  if (layers > kMostLayers) refuse(kMostLayers, "layers", layers);
  check_kinds(model, "to place on devices");
  if (kinds > kFewKinds && layers > kMostUnlikeLayers) {
    refuse(kMostUnlikeLayers, "layers of more than 32 kinds", layers);
  }
}

std::string Parallelism::name() const {
  std::string text;
  for (const Degree& degree : kDegrees) {
    if (this->*degree.field == 1) continue;
    if (!text.empty()) text += ',';
    text.append(degree.name).append("=");
    text += degree.field == &Parallelism::pipeline && !layers.empty() ? layers_text(layers)
                                                                      : to_string(this->*degree.field);
  }
  return text.empty() ? "tp=1" : text;
}

Parallelism parse_parallelism(std::string_view text) {
  Parallelism parallelism;
  std::string seen;
  for (const std::string_view item : divided(text, ',')) {
    if (item.empty()) fail("expected tp=N,pp=N,cp=N,ep=N,dp=N or dcp=N, found nothing");
    const std::size_t equals = item.find('=');
    const auto* degree = std::find_if(std::begin(kDegrees), std::end(kDegrees), [&](const Degree& candidate) {
      return candidate.name == item.substr(0, equals);
    });
    if (degree == std::end(kDegrees)) {
      fail("unknown degree \"" + std::string(item.substr(0, equals)) + "\"", "tp, pp, cp, ep, dp or dcp");
    }
    const std::string_view value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
    std::optional<Count> number = parse_digits(value);
    if (degree->field == &Parallelism::pipeline && value.find('+') != std::string_view::npos) {
      parallelism.layers = read_layers(value);
      if (parallelism.layers.empty()) {
        fail("pp: expected the layers of each stage, found \"" + std::string(value) + "\"", "16+32");
      }
      number = parallelism.layers.size();
    }
    if (!number || *number == 0 || *number > kMostDevices) {
      fail(std::string(degree->name) + ": expected a positive integer, found \"" + std::string(value) + "\"");
    }
    if (seen.find(" " + std::string(degree->name) + " ") != std::string::npos)
      fail("\"" + std::string(degree->name) + "\" is given twice");
    seen += " " + std::string(degree->name) + " ";
    parallelism.*degree->field = *number;
  }
  return parallelism;
}

Count device_number(const Parallelism& parallelism, Count stage, Count device_of_stage) {
  const Count of_replica = parallelism.tensor * parallelism.context;
  const Count replica = device_of_stage / of_replica;
  return (replica * parallelism.pipeline + stage) * of_replica + device_of_stage % of_replica;
}

bool divides_evenly(const Model& model, Count ranks) { return ranks == 1 || uneven(model, ranks).empty(); }

void check_even(const Model& model, const Parallelism& parallelism) {
  const Count ranks = parallelism.tensor;
  check_decode_context(model, parallelism);
  if (ranks == 1) return;
  const std::string reason = uneven(model, ranks);
  if (!reason.empty()) fail("tp=" + to_string(ranks) + ": " + reason, nearest_even(model, ranks));
}

std::vector<Count> stage_layers(Count layers, Count stages) {
  std::vector<Count> counts(static_cast<std::size_t>(stages.u64()), layers / stages);
  const std::size_t more = static_cast<std::size_t>((layers % stages).u64());
  // The last stage has the head and the first one the embedding, so the stages between get the remainder, from the end.
  for (std::size_t i = 0; i < more; ++i) counts[counts.size() - 2 - i] += 1;
  return counts;
}

std::vector<Rank> split(const Model& model, const Parallelism& parallelism, const Machine* machine) {
  check(model, parallelism);
  Count layers;
  for (const LayerGroup& group : model.groups) layers = max(layers, Count{group.layers.back()} + 1);
  check_layers_given(parallelism, layers);
  std::vector<PlacedLayers> stages;
  Count first;
  for (const Count count :
       parallelism.layers.empty() ? stage_layers(layers, parallelism.pipeline) : parallelism.layers) {
    stages.push_back({.first = first, .end = first + count, .has_input = stages.empty()});
    first += count;
  }
  stages.back().has_output = true;
  stages.back().next_token_layers = model.next_token_layers;
  return split(model, parallelism, stages, machine);
}

std::vector<Rank> split(const Model& model, const Parallelism& parallelism, std::span<const PlacedLayers> stages,
                        const Machine* machine) {
  check(model, parallelism);
  const Classes classes(model, parallelism);
  const Model rest = without_parts(model);
  const GroupOfLayer groups(model);
  std::vector<Rank> ranks;
  ranks.reserve(stages.size() * classes.size());
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const auto part = [&](const Position& at) {
      return SharedModel(split_model(model, rest, groups, parallelism, stages[s], at));
    };
    if (machine == nullptr) {
      for (const auto& [key, value] : classes.of_any_stage()) {
        ranks.push_back({part(value.first), Count{s}, stages[s].has_output, value.second});
      }
      continue;
    }
    for (const auto& [at, devices_of_group] : classes.of_stage(s, *machine)) {
      const SharedModel held = part(at);
      for (const auto& [group, devices] : devices_of_group) {
        ranks.push_back({held, Count{s}, stages[s].has_output, devices, group});
      }
    }
  }
  return ranks;
}

}  // namespace ctxcost
