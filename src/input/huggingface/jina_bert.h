// Readers of the forms that Jina's code gives to the types "bert" and "xlm-roberta".
#pragma once

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Returns whether a file of type "bert" is of Jina's class: its positions are ALiBi, or its feed-forwards have gates.
bool is_jina_bert(const Config& config);
/// Reads such a file.
void read_jina_bert(const Config& config, Model& model);

/// Returns whether a file of type "xlm-roberta" is of Jina's class: its positions are rotary.
bool is_jina_roberta(const Config& config);
/// Reads such a file.
void read_jina_roberta(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
