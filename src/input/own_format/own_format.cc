#include "own_format.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "core/choices.h"
#include "ctxcost/core/units.h"
#include "ctxcost/model/positions.h"
#include "input/json/cursor.h"
#include "own_format_keys.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

/// A mechanism as a file asks for it.
struct MechanismKeys {
  const Mechanism* mechanism = nullptr;
  MixerSettings settings;
  bool gate = false;
  bool sink_logits = false;
  bool shares_cache = false;
  const JsonValue* value = nullptr;  // where it stands
  std::string pointer;

  friend bool operator==(const MechanismKeys& a, const MechanismKeys& b) {
    return a.mechanism == b.mechanism && a.settings.all() == b.settings.all() && a.gate == b.gate &&
           a.sink_logits == b.sink_logits && a.shares_cache == b.shares_cache;
  }
};

struct ExpertKeys {
  Count count;
  Count active;
  Count shared;
  std::optional<Count> d_ff;
  friend bool operator==(const ExpertKeys&, const ExpertKeys&) = default;
};

enum class Bias { none, qkv, all };

/// The keys of a layer, of the whole model or of one entry of `pattern`: only what stands there.
struct LayerKeys {
  std::optional<Count> heads, kv_heads, d_k, d_v, d_ff, norms_per_layer;
  std::optional<FeedForwardKind> ffn;
  std::optional<std::optional<ExpertKeys>> experts;  // null: none, where the model has some
  std::optional<Bias> bias;
  std::optional<Norm> norm;
  std::optional<QkNorm> qk_norm;
  std::optional<std::vector<MechanismKeys>> attention;
};

/// One layer with all defaults applied.
struct LayerPlan {
  Count heads, kv_heads, d_k, norms_per_layer;
  std::optional<Count> d_v, d_ff;
  FeedForwardKind ffn = FeedForwardKind::gated;
  std::optional<ExpertKeys> experts;
  Bias bias = Bias::none;
  Norm norm = Norm::rms;
  QkNorm qk_norm = QkNorm::none;
  std::vector<MechanismKeys> attention;
  friend bool operator==(const LayerPlan&, const LayerPlan&) = default;
};

/// Layers that share a plan.
struct PlannedGroup {
  LayerPlan plan;
  std::string pointer;  // of the object that its keys stand in
  std::uint32_t offset = 0;
  std::vector<std::uint32_t> layers;
};

/// The values of the choices of the table, in its order.
constexpr FeedForwardKind kFfnKinds[] = {FeedForwardKind::gated, FeedForwardKind::plain, FeedForwardKind::none};
constexpr Norm kNorms[] = {Norm::rms, Norm::layer};
constexpr PositionEncoding kEncodings[] = {PositionEncoding::rope,          PositionEncoding::learned,
                                           PositionEncoding::sinusoidal,    PositionEncoding::alibi,
                                           PositionEncoding::relative_bias, PositionEncoding::none};

/// The norms of a layer in the order in which they are counted. [llama.cpp src/llama-arch.cpp]
constexpr std::string_view kNormNames[] = {"attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"};

template <typename T, std::size_t N>
std::optional<T> choose(ObjectCursor& cursor, std::string_view key, const T (&values)[N]) {
  const std::optional<std::size_t> index = cursor.choice(key);
  return index && *index < N ? std::optional<T>(values[*index]) : std::nullopt;
}

/// The value of one key of a mechanism; a fault where its type or range is wrong.
std::optional<SettingValue> read_setting(ObjectCursor& cursor, const MechanismKey& key, const JsonValue& value) {
  const CountRange range{key.minimum, {}};
  switch (key.type) {
    case KeyType::count: {
      const std::optional<Count> count =
          read_count(value, cursor.pointer(key.name), cursor.faults(), range, expectation(key));
      if (count) return *count;
      break;
    }
    case KeyType::count_or_list: {
      if (!value.is(Type::array)) {
        const std::optional<Count> count =
            read_count(value, cursor.pointer(key.name), cursor.faults(), range, expectation(key));
        if (count) return *count;
        break;
      }
      std::vector<Count> list;
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        const std::optional<Count> item =
            read_count(value.items[i], child_pointer(cursor.pointer(key.name), i), cursor.faults(), {.least = 0});
        if (item) list.push_back(*item);
      }
      if (list.size() == value.items.size()) return list;
      break;
    }
    case KeyType::flag:
      if (const std::optional<bool> flag = cursor.flag(key.name)) return *flag;
      break;
    case KeyType::text: {
      const std::vector<std::string_view> words = split_choices(key.choices);
      if (const auto index = cursor.choice(key.name, words)) return std::string(words[*index]);
      break;
    }
  }
  return std::nullopt;
}

std::optional<MechanismKeys> read_mechanism(const JsonValue& value, const std::string& pointer, Faults& faults) {
  if (!value.is(Type::object)) {
    const bool named = value.is(Type::string) && find_mechanism(value.text) != nullptr;
    faults.add(value.offset, pointer, "expected an object such as {\"kind\": \"full\"}, found " + describe(value),
               named ? "write {\"kind\": \"" + value.text + "\"}" : "");
    return std::nullopt;
  }
  ObjectCursor cursor(value, pointer, faults);
  const JsonValue* kind = cursor.find("kind");
  if (kind == nullptr || !kind->is(Type::string)) {
    cursor.wrong("kind", "the name of a mechanism", "`ctxcost list mechanisms` shows all");
    return std::nullopt;
  }
  MechanismKeys keys;
  keys.mechanism = find_mechanism(kind->text);
  keys.value = &value;
  keys.pointer = pointer;
  if (keys.mechanism == nullptr || keys.mechanism->reader_only) {
    std::vector<std::string_view> kinds;
    for (const Mechanism* mechanism : mechanisms()) {
      if (!mechanism->reader_only) kinds.push_back(mechanism->kind);
    }
    const std::string hint = did_you_mean(kind->text, kinds);
    cursor.fault("kind", "unknown mechanism " + describe(*kind),
                 hint.empty() ? "`ctxcost list mechanisms` shows all" : hint);
    return std::nullopt;
  }
  bool usable = true;
  // Settings are stored in the order of the table, so that layers do not differ by the order in the file.
  for (const MechanismKey& key : keys.mechanism->keys) {
    if (key.reader_only) continue;
    const bool required = key.fallback.empty();
    const JsonValue* found = required ? cursor.required(key.name, expectation(key)) : cursor.find(key.name);
    if (found == nullptr) {
      usable = usable && !required;
    } else if (std::optional<SettingValue> setting = read_setting(cursor, key, *found)) {
      keys.settings.set(key.name, *std::move(setting));
    } else {
      usable = false;
    }
  }
  if (keys.mechanism->traits.softmax) {
    bool* const flags[] = {&keys.gate, &keys.sink_logits, &keys.shares_cache};
    static_assert(std::size(flags) == kSoftmaxKeys.size());
    for (std::size_t i = 0; i < kSoftmaxKeys.size(); ++i) *flags[i] = cursor.flag(kSoftmaxKeys[i].name).value_or(false);
  }
  cursor.finish("of \"" + kind->text + "\"");
  if (!usable) return std::nullopt;
  return keys;
}

/// Reads one mechanism, or a list of them side by side. Empty if any is faulty.
std::optional<std::vector<MechanismKeys>> read_attention(ObjectCursor& layer) {
  const JsonValue* value = layer.find("attention");
  if (value == nullptr) return std::nullopt;
  const std::string pointer = layer.pointer("attention");
  std::vector<MechanismKeys> all;
  if (!value->is(Type::array)) {
    std::optional<MechanismKeys> one = read_mechanism(*value, pointer, layer.faults());
    if (!one) return std::nullopt;
    all.push_back(*std::move(one));
    return all;
  }
  if (value->items.empty())
    layer.wrong("attention", "a mechanism or a list of them", "{\"kind\": \"none\"} mixes nothing");
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    std::optional<MechanismKeys> one = read_mechanism(value->items[i], child_pointer(pointer, i), layer.faults());
    if (one) all.push_back(*std::move(one));
  }
  if (all.empty() || all.size() < value->items.size()) return std::nullopt;
  return all;
}

std::optional<ExpertKeys> read_experts(ObjectCursor& experts) {
  const std::optional<Count> count = experts.required_count("count");
  const std::optional<Count> active = experts.required_count("active");
  ExpertKeys keys{count.value_or(1), active.value_or(1), experts.count("shared").value_or(0), experts.count("d_ff")};
  if (count && active && *active > *count) {
    experts.wrong("active", "at most \"count\" (" + to_string(*count) + ")");
  }
  experts.finish("of \"experts\"");
  return keys;
}

/// Reads the keys that the model and an entry of its pattern share. `whole`: it is the model, where some are required.
LayerKeys read_layer_keys(ObjectCursor& layer, bool whole) {
  LayerKeys keys;
  keys.heads = whole ? layer.required_count("heads") : layer.count("heads");
  keys.d_k = whole ? layer.required_count("d_k") : layer.count("d_k");
  keys.kv_heads = layer.count("kv_heads");
  keys.d_v = layer.count("d_v");
  keys.d_ff = layer.count("d_ff");
  keys.norms_per_layer = layer.count("norms_per_layer");
  keys.ffn = choose(layer, "ffn", kFfnKinds);
  keys.norm = choose(layer, "norm", kNorms);
  if (const auto bias = layer.flag_or_word("bias")) {
    keys.bias = *bias == 0 ? Bias::none : *bias == 1 ? Bias::all : Bias::qkv;
  }
  if (const auto norm = layer.flag_or_word("qk_norm")) {
    keys.qk_norm = *norm == 0 ? QkNorm::none : *norm == 1 ? QkNorm::head : QkNorm::full;
  }
  const JsonValue* experts = layer.find("experts");
  if (experts != nullptr && experts->is(Type::null) && !whole) {
    keys.experts = std::optional<ExpertKeys>();
  } else if (auto cursor = layer.object("experts")) {
    keys.experts = read_experts(*cursor);
  }
  keys.attention = read_attention(layer);
  return keys;
}

/// Returns the model's own keys with those of `entry` in their place and all defaults. The widths of heads must be
/// known.
LayerPlan settle(const LayerKeys& model, const LayerKeys& entry) {
  const auto pick = [](const auto& over, const auto& under) -> const auto& { return over ? over : under; };
  LayerPlan plan;
  plan.heads = *pick(entry.heads, model.heads);
  plan.kv_heads = pick(entry.kv_heads, model.kv_heads).value_or(plan.heads);
  plan.d_k = *pick(entry.d_k, model.d_k);
  plan.d_v = pick(entry.d_v, model.d_v);
  plan.d_ff = pick(entry.d_ff, model.d_ff);
  plan.norms_per_layer = pick(entry.norms_per_layer, model.norms_per_layer).value_or(2);
  plan.ffn = pick(entry.ffn, model.ffn).value_or(FeedForwardKind::gated);
  plan.experts = pick(entry.experts, model.experts).value_or(std::nullopt);
  plan.bias = pick(entry.bias, model.bias).value_or(Bias::none);
  plan.norm = pick(entry.norm, model.norm).value_or(Norm::rms);
  plan.qk_norm = pick(entry.qk_norm, model.qk_norm).value_or(QkNorm::none);
  if (const auto& attention = pick(entry.attention, model.attention)) {
    plan.attention = *attention;
  } else {
    plan.attention.push_back({.mechanism = &full_attention(), .settings = {}, .pointer = {}});
  }
  return plan;
}

/// Checks that kv_heads divides heads. The fault stands at the key that the layer's own object has.
void check_heads(ObjectCursor& layer, const LayerPlan& plan) {
  if (plan.heads % plan.kv_heads == 0) return;
  if (layer.find("kv_heads") != nullptr) {
    layer.wrong("kv_heads", "a divisor of \"heads\" (" + to_string(plan.heads) + ")");
  } else {
    layer.wrong("heads", "a multiple of \"kv_heads\" (" + to_string(plan.kv_heads) + ")");
  }
}

/// Mixes the values of a plan into one number: equal plans have equal numbers.
class PlanHash {
 public:
  std::size_t operator()(const LayerPlan& plan) {
    for (const Count& value : {plan.heads, plan.kv_heads, plan.d_k, plan.norms_per_layer}) add(value);
    for (const std::optional<Count>& value : {plan.d_v, plan.d_ff}) add(value.value_or(0));
    if (plan.experts) {
      add(plan.experts->count);
      add(plan.experts->d_ff.value_or(0));
    }
    for (const MechanismKeys& keys : plan.attention) {
      add(std::hash<const Mechanism*>()(keys.mechanism));
      for (const auto& [name, value] : keys.settings.all()) {
        if (const auto* count = std::get_if<Count>(&value)) add(*count);
        const auto* list = std::get_if<std::vector<Count>>(&value);
        if (list == nullptr) continue;
        for (const Count& item : *list) add(item);
      }
    }
    return hash_;
  }

 private:
  void add(std::size_t value) { hash_ = (hash_ ^ value) * 0x100000001b3U; }
  void add(Count value) {
    add(static_cast<std::size_t>(value.raw()));
    add(static_cast<std::size_t>(value.raw() >> 64));
  }

  std::size_t hash_ = 0xcbf29ce484222325U;
};

/// Groups of layers with the same plan, in the order of their first layers.
class PlannedGroups {
 public:
  /// Returns the place of the group of that plan, which is added without layers if there is none.
  std::size_t of(PlannedGroup like) {
    const std::size_t hash = PlanHash()(like.plan);
    const auto [first, last] = known_.equal_range(hash);
    const auto same = std::find_if(first, last, [&](const auto& row) { return groups[row.second].plan == like.plan; });
    if (same != last) return same->second;
    known_.emplace(hash, groups.size());
    groups.push_back(std::move(like));
    groups.back().layers.clear();
    return groups.size() - 1;
  }

  std::vector<PlannedGroup> groups;

 private:
  std::unordered_multimap<std::size_t, std::size_t> known_;
};

/// Reads the layers of the model. Empty if the keys of the whole model are faulty.
std::vector<PlannedGroup> plan_layers(ObjectCursor& root, std::optional<Count> layers, const LayerKeys& model) {
  struct Entry {
    PlannedGroup group;
    Count repeat;
  };
  std::vector<Entry> entries;
  bool usable = layers && model.heads && model.d_k;
  const JsonValue* pattern = root.find("pattern");
  if (pattern == nullptr) {
    if (!usable) return {};
    LayerPlan plan = settle(model, {});
    check_heads(root, plan);
    entries.push_back({{std::move(plan), root.pointer(), root.value().offset, {}}, *layers});
  } else if (!pattern->is(Type::array) || pattern->items.empty()) {
    root.wrong("pattern", "a list of layers");
    return {};
  } else if (pattern->items.size() > kMostPatternEntries) {
    root.fault("pattern",
               "expected at most " + with_separators(kMostPatternEntries) + " entries, found " +
                   with_separators(pattern->items.size()),
               "\"repeat\" says how many layers in a row are alike");
    return {};
  } else {
    for (std::size_t i = 0; i < pattern->items.size(); ++i) {
      const JsonValue& item = pattern->items[i];
      const std::string pointer = child_pointer(root.pointer("pattern"), i);
      if (!item.is(Type::object)) {
        root.faults().add(item.offset, pointer, "expected an object, found " + describe(item));
        usable = false;
        continue;
      }
      ObjectCursor cursor(item, pointer, root.faults(), kPatternKeys);
      const Count repeat = cursor.count("repeat").value_or(1);
      const LayerKeys keys = read_layer_keys(cursor, false);
      cursor.finish("of a layer");
      if (!usable) continue;
      LayerPlan plan = settle(model, keys);
      check_heads(cursor, plan);
      entries.push_back({{std::move(plan), pointer, item.offset, {}}, repeat});
    }
  }
  if (!usable) return {};

  // The plans are compared once an entry, not once a layer. A cycle that is longer than the model is not seen whole.
  PlannedGroups planned;
  std::vector<std::size_t> group_of;
  std::uint32_t at = 0;
  const auto all = static_cast<std::uint32_t>(layers->u64());
  for (std::size_t i = 0; at < all; i = (i + 1) % entries.size()) {
    if (i == group_of.size()) group_of.push_back(planned.of(std::move(entries[i].group)));
    std::vector<std::uint32_t>& members = planned.groups[group_of[i]].layers;
    const auto end = static_cast<std::uint32_t>(min(all, entries[i].repeat + at).u64());
    const std::size_t known = members.size();
    members.resize(known + (end - at));
    std::iota(members.begin() + static_cast<std::ptrdiff_t>(known), members.end(), at);
    at = end;
  }
  return std::move(planned.groups);
}

FeedForward feed_forward(const LayerPlan& plan) {
  FeedForward ffn;
  ffn.kind = plan.ffn;
  if (ffn.kind == FeedForwardKind::none) return ffn;
  ffn.d_ff = plan.d_ff;
  ffn.bias = plan.bias == Bias::all;
  if (!plan.experts) return ffn;
  const std::optional<Count> width = plan.experts->d_ff ? plan.experts->d_ff : plan.d_ff;
  // Without the width of an expert the parameters are unknown, as without d_ff.
  if (width) {
    ffn.experts = {.count = plan.experts->count,
                   .active = plan.experts->active,
                   .d_ff = *width,
                   .shared_d_ff = plan.experts->shared > 0 ? *width : Count{},
                   .shared = plan.experts->shared};
  }
  return ffn;
}

void append_norm(std::vector<Tensor>& tensors, std::string_view name, Count width, Norm norm) {
  tensors.push_back(vector_of(name, width));
  if (norm == Norm::layer) tensors.push_back(bias_of(name, width));
}

std::vector<Tensor> norms(const LayerPlan& plan, std::optional<Count> d_model) {
  std::vector<Tensor> tensors;
  if (!d_model) return tensors;
  for (std::size_t i = 0; plan.norms_per_layer > i; ++i) {
    append_norm(tensors, kNormNames[std::min(i, std::size(kNormNames) - 1)], *d_model, plan.norm);
  }
  return tensors;
}

/// Builds mixers, and reports their setting faults at the keys of the file.
class MixerBuilder {
 public:
  MixerBuilder(std::optional<Count> d_model, Faults& faults) : d_model_(d_model), faults_(&faults) {}

  std::shared_ptr<const Mixer> build(const PlannedGroup& group, const MechanismKeys& keys) {
    const LayerPlan& plan = group.plan;
    MixerShape shape;
    shape.heads = plan.heads;
    shape.kv_heads = plan.kv_heads;
    shape.d_k = plan.d_k;
    shape.d_model = d_model_;
    shape.qkv_bias = plan.bias != Bias::none;
    shape.output_bias = plan.bias == Bias::all;
    shape.qk_norm = plan.qk_norm;
    shape.gate = keys.gate;
    shape.sink_logits = keys.sink_logits;
    shape.shares_cache = keys.shares_cache;
    const std::uint32_t offset = keys.value == nullptr ? group.offset : keys.value->offset;
    try {
      shape.d_v = plan.d_v.value_or(keys.mechanism->default_d_v(plan.d_k));
      return make_mixer(keys.mechanism->kind, shape, keys.settings);
    } catch (const SettingFault& fault) {
      faults_->add(offset, place(group, keys, fault.key), fault.message, fault.hint);
    } catch (const CountOverflow&) {
      faults_->add(offset, keys.pointer.empty() ? group.pointer : keys.pointer,
                   "expected widths whose products fit 128 bits, found larger ones");
    }
    return nullptr;
  }

 private:
  /// Reports a fault at a key of the mechanism or of its layer.
  static std::string place(const PlannedGroup& group, const MechanismKeys& keys, const std::string& key) {
    const auto& table = keys.mechanism->keys;
    const bool own =
        std::any_of(table.begin(), table.end(), [&key](const MechanismKey& row) { return row.name == key; });
    const bool flag = key == "kind" || std::any_of(kSoftmaxKeys.begin(), kSoftmaxKeys.end(),
                                                   [&key](const FileKey& row) { return row.name == key; });
    if (key.empty()) return keys.pointer;
    return child_pointer(own || flag ? keys.pointer : group.pointer, key);
  }

  std::optional<Count> d_model_;
  Faults* faults_;
};

/// Takes the layers of the planned group.
LayerGroup make_group(PlannedGroup& planned, std::optional<Count> d_model, Stack stack) {
  LayerGroup group;
  group.layers = std::move(planned.layers);
  group.feed_forward = feed_forward(planned.plan);
  group.extras = norms(planned.plan, d_model);
  group.stack = stack;
  return group;
}

/// An encoder of the same layers, two-sided, beside the decoder.
std::vector<PlannedGroup> encoder_of(const std::vector<PlannedGroup>& decoder) {
  PlannedGroups encoder;
  for (PlannedGroup group : decoder) {
    group.plan.attention = {{.mechanism = &two_sided_attention(), .settings = {}, .pointer = {}}};
    std::vector<std::uint32_t>& layers = encoder.groups[encoder.of(group)].layers;
    layers.insert(layers.end(), group.layers.begin(), group.layers.end());
  }
  for (PlannedGroup& group : encoder.groups) std::sort(group.layers.begin(), group.layers.end());
  return std::move(encoder.groups);
}

std::string read_scaling(ObjectCursor& scaling, PositionFacts& facts) {
  std::string factor;
  const auto types = rope_scaling_types();
  scaling.required("type", either(types));
  const std::optional<std::size_t> type = scaling.choice("type");
  if (type) facts.scaling_type = types[*type];
  if (const JsonValue* value = scaling.find("factor")) {
    const bool number = value->is(Type::integer) || value->is(Type::real);
    if (number && scaled_window(1'000'000, value->text).value_or(0) > 0) {
      factor = value->text;
    } else {
      scaling.wrong("factor", "a positive number", value->is(Type::string) ? "remove the quotes" : "");
    }
  } else if (type && (types[*type] == "linear" || types[*type] == "dynamic" || types[*type] == "ntk")) {
    scaling.required("factor", "a positive number");
  }
  facts.original = scaling.count("original");
  scaling.finish("of \"scaling\"");
  return factor;
}

Positions read_positions(ObjectCursor& root) {
  PositionFacts facts;
  std::optional<ObjectCursor> cursor = root.object("positions");
  if (!cursor) return positions_from(facts);
  const std::optional<PositionEncoding> encoding = choose(*cursor, "encoding", kEncodings);
  facts.rows = cursor->count("rows");
  facts.encoding = encoding.value_or(facts.rows ? PositionEncoding::learned : PositionEncoding::rope);
  if (facts.encoding == PositionEncoding::learned) {
    cursor->required("rows", "the number of learned positions");
  } else if (facts.rows) {
    cursor->wrong("rows", "rows only of a learned encoding", "\"encoding\": \"learned\"");
  }
  facts.max_positions = cursor->count("trained_context");
  if (facts.rows && facts.max_positions && *facts.max_positions > *facts.rows) {
    cursor->wrong("trained_context", "at most \"rows\" (" + to_string(*facts.rows) + ")");
  }
  std::string factor;
  if (std::optional<ObjectCursor> scaling = cursor->object("scaling")) {
    factor = read_scaling(*scaling, facts);
    facts.scaling_factor = factor;
    if (facts.encoding != PositionEncoding::rope) {
      cursor->wrong("scaling", "none beside an encoding other than \"rope\"");
    }
  }
  cursor->finish("of \"positions\"");
  // `trained_context` is the window before scaling. A file may also give the extended one, as published configs do.
  return positions_from(as_published(facts));
}

/// Types of weights, activations and cache.
void read_precisions(ObjectCursor& root, std::string_view source, Model& model) {
  const auto read = [&](std::string_view key, const auto& parse) {
    const std::optional<std::string> text = root.text(key);
    if (!text) return;
    try {
      parse(*text);
    } catch (const InputError& error) {
      root.faults().add(root.find(key)->offset, root.pointer(key), error);
    }
  };
  Precision precision = parse_precision("fp16", source);
  read("precision", [&](const std::string& text) {
    const Precision named = parse_precision(text, source);
    if (named.format().weights) {
      precision = named;
    } else {
      root.wrong("precision", "a type that stores weights", "\"kv_precision\" takes types of the cache alone");
    }
  });
  model.activation = model.kv.key = model.kv.value = parse_precision("bf16", source);
  model.set_precision(precision);
  read("kv_precision", [&](const std::string& text) { model.kv = parse_kv_precision(text, source); });
}

/// Remembers the integers of an object and of those in it.
void remember_keys(const JsonValue& value, const std::string& place, std::vector<KeyRead>& keys) {
  if (place.empty()) keys.reserve(value.members.size());
  for (const JsonMember& member : value.members) {
    const bool integer = member.value.is(Type::integer);
    if (!integer && member.value.members.empty() && member.value.items.empty()) continue;
    std::string key = place.empty() ? member.key : child_pointer(place, member.key);
    if (!integer) {
      remember_keys(member.value, key, keys);
    } else if (const std::optional<Count> count = parse_digits(member.value.text)) {
      keys.push_back({std::move(key), *count});
    }
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) remember_keys(value.items[i], child_pointer(place, i), keys);
}

void check_strings(ObjectCursor& root, std::string_view key) {
  const JsonValue* value = root.find(key);
  if (value == nullptr || value->is(Type::string)) return;
  const bool list = value->is(Type::array) && std::all_of(value->items.begin(), value->items.end(),
                                                          [](const JsonValue& item) { return item.is(Type::string); });
  if (!list) root.wrong(key, "a string or a list of strings");
}

/// Embedding, position table, final norm and head.
void add_outer_tensors(Model& model, Norm norm, std::optional<Count> position_rows) {
  model.embedding_known = model.d_model && model.vocab;
  if (!model.d_model) return;
  const Count width = *model.d_model;
  if (model.vocab) model.tensors.push_back({Place::embedding, lookup("token_embd", width, *model.vocab)});
  if (position_rows) model.tensors.push_back({Place::table, lookup("position_embd", width, *position_rows)});
  std::vector<Tensor> final_norm;
  append_norm(final_norm, "output_norm", width, norm);
  for (const Tensor& tensor : final_norm) model.tensors.push_back({Place::final_norm, tensor});
  if (model.vocab && !model.tied_embeddings) {
    model.tensors.push_back({Place::head, linear("output", width, *model.vocab)});
  }
}

}  // namespace

bool looks_like_own_format(const JsonValue& root) {
  return root.find("layers") != nullptr || root.find("heads") != nullptr || root.find("d_k") != nullptr;
}

Model read_own_format(const JsonDocument& document, const LoadOptions&) {
  Faults faults(document.source);
  ObjectCursor root(document.root, "", faults, kOwnFormatKeys);
  Model model;
  model.family = "own";
  model.gguf = kOwnGgufTraits;

  const std::optional<Count> layers = root.required_count("layers");
  const LayerKeys keys = read_layer_keys(root, true);
  model.d_model = root.count("d_model");
  model.vocab = root.count("vocab");
  model.tied_embeddings = root.flag("tied_embeddings").value_or(false);
  model.batch = root.count("batch").value_or(1);
  model.positions = read_positions(root);
  read_precisions(root, document.source, model);
  bool crossed = false;
  if (std::optional<ObjectCursor> cross = root.object("cross_attention")) {
    crossed = true;
    model.cross_tokens = cross->count("tokens");
    cross->finish("of \"cross_attention\"");
  }
  model.name = root.text("name").value_or("");
  model.source = root.text("source").value_or("");
  root.text("$schema");
  for (const std::string_view key : {"aliases", "notes"}) check_strings(root, key);

  std::vector<PlannedGroup> decoder = plan_layers(root, layers, keys);
  root.finish();

  MixerBuilder builder(model.d_model, faults);
  try {
    if (crossed) {
      for (PlannedGroup& planned : encoder_of(decoder)) {
        LayerGroup group = make_group(planned, model.d_model, Stack::encoder);
        group.mixers.push_back(builder.build(planned, planned.plan.attention.front()));
        model.groups.push_back(std::move(group));
      }
    }
    for (PlannedGroup& planned : decoder) {
      LayerGroup group = make_group(planned, model.d_model, Stack::decoder);
      for (const MechanismKeys& mechanism : planned.plan.attention) {
        group.mixers.push_back(builder.build(planned, mechanism));
      }
      if (crossed) {
        MechanismKeys cross{.mechanism = &cross_attention(), .settings = {}, .pointer = {}};
        if (model.cross_tokens) cross.settings.set("tokens", *model.cross_tokens);
        group.mixers.push_back(builder.build(planned, cross));
      }
      model.groups.push_back(std::move(group));
    }
  } catch (const CountOverflow&) {
    faults.add(document.root.offset, "", "expected widths whose products fit 128 bits, found larger ones");
  }
  faults.throw_if_any();
  remember_keys(document.root, "", model.keys);
  add_outer_tensors(model, keys.norm.value_or(Norm::rms), model.positions.hard_limit);
  return model;
}

}  // namespace ctxcost
