#include "document.h"

#include "wording.h"

namespace ctxcost {
namespace {

constexpr Count kSchemaVersion = 1;

void string_or_null(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  value.empty() ? json.null() : json.string(value);
}

void write_model(JsonWriter& json, const Model& model) {
  json.key("model");
  json.begin_object();
  string_or_null(json, "name", model.name);
  string_or_null(json, "id", model.id);
  string_or_null(json, "family", model.family);
  json.key("layers");
  json.count(model.layers());
  string_or_null(json, "origin", model.origin);
  string_or_null(json, "source", model.source);
  json.end_object();
}

/// An object with a member for each part; parts of one name are already one.
template <typename Parts>
void write_parts(JsonWriter& json, std::string_view key, const Parts& parts) {
  json.key(key);
  json.begin_object();
  for (const auto& part : parts) {
    json.key(part.name);
    json.count(part.bytes);
  }
  json.end_object();
}

void write_group(JsonWriter& json, const GroupEstimate& estimate) {
  const LayerGroup& group = *estimate.group;
  json.begin_object();
  json.key("layers");
  json.count(group.count());
  json.key("indices");
  json.string(index_ranges(group.layers));
  json.key("stack");
  json.string(group.stack == Stack::decoder ? "decoder" : "encoder");
  json.key("mixers");
  json.begin_array();
  for (const auto& mixer : group.mixers) {
    const MixerShape& shape = mixer->shape();
    json.begin_object();
    json.key("kind");
    json.string(mixer->kind());
    const auto member = [&json](std::string_view key, Count value) {
      json.key(key);
      json.count(value);
    };
    member("heads", shape.heads);
    member("kv_heads", shape.kv_heads);
    member("d_k", shape.d_k);
    member("d_v", shape.d_v);
    json.end_object();
  }
  json.end_array();
  json.key("feed_forward");
  json.string(feed_forward_word(group.feed_forward));
  const auto metric = [&json](std::string_view key, const std::optional<Count>& value) {
    json.key(key);
    json.value(value);
  };
  metric("scores_per_head", estimate.scores_per_head);
  metric("scores_per_layer", estimate.scores_per_layer);
  metric("attention_macs_per_layer", estimate.attention_macs_per_layer);
  metric("attention_flops_per_layer", estimate.attention_flops_per_layer);
  metric("linear_flops_per_layer", estimate.linear_flops_per_layer);
  metric("kv_cache_bytes_per_layer", estimate.kv_cache_bytes_per_layer);
  metric("state_bytes_per_layer", estimate.state_bytes_per_layer);
  metric("parameters_per_layer", estimate.parameters_per_layer);
  json.end_object();
}

void write_parameter_parts(JsonWriter& json, const Model& model) {
  json.key("parameter_parts");
  json.begin_array();
  for (const ParameterPart& part : model.parameter_parts) {
    json.begin_object();
    json.key("name");
    json.string(part.name);
    json.key("elements");
    json.count(part.elements);
    string_or_null(json, "source", part.source);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_header(JsonWriter& json, const RenderOptions& options) {
  json.key("schema_version");
  json.count(kSchemaVersion);
  json.key("tool");
  json.begin_object();
  json.key("name");
  json.string("ctxcost");
  json.key("version");
  json.string(version());
  json.end_object();
  json.key("command");
  json.string(options.command);
}

void write_conventions(JsonWriter& json, const Convention& convention, Logits logits, const RenderOptions& options) {
  json.key("conventions");
  json.begin_object();
  json.key("name");
  json.string(convention.name);
  json.key("flops_per_mac");
  json.count(convention.flops_per_mac);
  json.key("pairs");
  json.string(convention.pairs == PairRule::reach ? "reach" : "exact");
  json.key("logits");
  json.string(logits == Logits::last ? "last" : "all");
  json.key("units");
  json.string(name(options.units));
  json.end_object();
}

void write_result(JsonWriter& json, const Row& row, const RenderOptions& options,
                  const std::vector<std::string>* engine_notes) {
  const Estimator& estimator = row.estimator;
  write_model(json, estimator.model());
  json.key("weights");
  json.string(estimator.weights().name());
  json.key("kv_precision");
  json.string(estimator.kv().name());
  json.key("engine");
  json.string(estimator.engine().name.empty() ? estimator.engine().engine->name : estimator.engine().name);

  const bool everything = options.columns.empty();
  const auto metric = [&json, &row](Metric which) {
    json.key(info(which).name);
    json.value(row.values[which]);
  };
  if (everything) {
    for (const MetricInfo& which : metrics()) metric(which.metric);
  } else {
    for (const Column& column : options.columns) {
      if (const Metric* which = std::get_if<Metric>(&column)) metric(*which);
    }
  }

  const EstimateDetails details = estimator.details(row.context(), row.batch());
  if (everything) {
    write_parts(json, "cache_parts", details.cache_parts);
    write_parts(json, "state_parts", details.state_parts);
    write_parts(json, "reserved_parts", details.reserved_parts);
    write_parameter_parts(json, estimator.model());
    json.key("layer_groups");
    json.begin_array();
    for (const GroupEstimate& group : details.groups) write_group(json, group);
    json.end_array();
  }
  json.key("notes");
  json.begin_array();
  for (const std::string& note : details.notes) json.string(note);
  for (const std::string& note : engine_notes != nullptr ? *engine_notes : details.engine_notes) json.string(note);
  if (const std::string note = window_note(estimator.model(), row.values, row.context()); !note.empty()) {
    json.string(note);
  }
  json.end_array();
}

}  // namespace ctxcost
