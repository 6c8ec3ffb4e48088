// Settings of mechanisms as a command line writes them.
#pragma once

#include <span>
#include <string_view>

#include "core/named_settings.h"
#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

/// Reads written settings by a table of keys, and returns them in its order: counts as lengths ("4096", "4K"), flags as
/// true or false or by their name alone, texts as they are. A list goes on in the items behind its key
/// ("vertical=0,64,slash=128"); one number alone is a count. Throws SettingFault for a key that the table lacks (`of`
/// says whose it is), that is given twice or has no value, and for a value of another type. Missing keys, ranges and
/// choices are left to `check_settings`.
MixerSettings read_written_settings(std::string_view of, std::span<const MechanismKey> keys,
                                    std::span<const WrittenSetting> written);

}  // namespace ctxcost
