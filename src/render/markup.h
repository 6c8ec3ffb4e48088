// Texts in HTML, SVG and scripts.
#pragma once

#include <string>
#include <string_view>

namespace ctxcost {

/// Returns a text for an element or an attribute in double quotes, of HTML and XML alike: `printable`, with the five
/// characters that mark up as entities.
std::string markup_text(std::string_view text);

/// Returns a text as a string of JSON that ends no <script> and begins no comment there, wherever it stands.
/// [HTML, 4.12.1.3 "Restrictions for contents of script elements"]
std::string script_string(std::string_view text);

}  // namespace ctxcost
