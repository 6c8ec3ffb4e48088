// A model that several values refer to.
#pragma once

#include <memory>
#include <utility>

#include "ctxcost/model/model.h"

namespace ctxcost {

/// Keeps a model alive for whatever counts with it (an `Estimator`, a `Setup`, a `Grid`), so that none of them can
/// outlive it: `Estimator(load_model("llama-3.1-8b"), {})` is safe. Copies refer to the same model, which never
/// changes.
class SharedModel {
 public:
  /// Refers to nothing yet: to be assigned before it is used.
  SharedModel() = default;
  /// Takes the model over, or copies it where the caller keeps its own.
  SharedModel(Model model)  // NOLINT(google-explicit-constructor)
      : model_(std::make_shared<const Model>(std::move(model))) {}
  /// Refers to a model that is shared already.
  SharedModel(std::shared_ptr<const Model> model)  // NOLINT(google-explicit-constructor)
      : model_(std::move(model)) {}

  const Model& operator*() const { return *model_; }
  const Model* operator->() const { return model_.get(); }
  /// Whether it refers to a model.
  explicit operator bool() const { return model_ != nullptr; }

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace ctxcost
