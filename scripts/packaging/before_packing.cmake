# CPack runs this on the installed files before it makes a package of them.
set(installed ${CPACK_TEMPORARY_INSTALL_DIRECTORY})

# A .deb follows Debian's ways where they differ from others'.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(share ${installed}/usr/share)
  # What packages bring for zsh is beside what the administrator installs.
  if(EXISTS ${share}/zsh/site-functions)
    file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)
  endif()
  # Manual pages are compressed; -n: neither name nor time.
  file(GLOB pages ${share}/man/man1/*.1)
  foreach(page IN LISTS pages)
    execute_process(COMMAND gzip -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endif()

# The same bytes each time (scripts/package).
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${installed} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} + COMMAND_ERROR_IS_FATAL ANY)
endif()
